"""Call progress tones by country, in Asterisk's notation (frequencies in Hz, durations in ms).

From ITU-T E.180 Supplement 2, "Various tones used in national networks". Most of Europe follows the ETSI
recommendation of 425 Hz.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tones:
    """One country's tones."""

    description: str
    cadence: str = "1000,4000"  # ring and pause of a bell
    ring: str = "425/1000,0/4000"
    dial: str = "425"
    busy: str = "425/500,0/500"
    congestion: str = "425/250,0/250"


EUROPE = Tones("Europe (ETSI)")
_COUNTRIES = {
    "EE": Tones("Estonia", busy="425/300,0/300", congestion="425/200,0/200"),
    "FI": Tones("Finland", busy="425/300,0/300", congestion="425/200,0/200"),
    "LV": Tones("Latvia"),
    "LT": Tones("Lithuania", busy="425/350,0/350", congestion="425/200,0/200"),
    "SE": Tones(
        "Sweden", cadence="1000,5000", ring="425/1000,0/5000", busy="425/250,0/250", congestion="425/250,0/750"
    ),
    "GB": Tones(
        "United Kingdom",
        cadence="400,200,400,2000",
        ring="400+450/400,0/200,400+450/400,0/2000",
        dial="350+440",
        busy="400/375,0/375",
        congestion="400/400,0/350,400/225,0/525",
    ),
    "US": Tones(
        "United States",
        cadence="2000,4000",
        ring="440+480/2000,0/4000",
        dial="350+440",
        busy="480+620/500,0/500",
        congestion="480+620/250,0/250",
    ),
}
_COUNTRIES["CA"] = _COUNTRIES["US"]


def tones_of(country: str) -> Tones:
    """The tones of a country (ISO 3166-1 alpha-2), Europe's where we know no better."""
    return _COUNTRIES.get(country.upper(), EUROPE)
