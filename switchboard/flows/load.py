"""A configuration folder, read whole or refused whole.

The folder: organisation.yaml, people.yaml, hours.yaml, facts.yaml, flows/*.yaml, rota.yaml where somebody is on
call, appointments.yaml where something can be booked, and mail/ where mail says what we do not; beside it the
prompts' texts, `texts/<language>.yaml`, and the organisation's own recordings,
`recordings/<language>/<prompt id>.wav`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from switchboard.domain.hours import HoursTable
from switchboard.domain.language import Language
from switchboard.domain.organisation import Organisation
from switchboard.domain.screening import ScreeningRules, Verdict
from switchboard.errors import ConfigurationError
from switchboard.flows.appointments_yaml import FILE as APPOINTMENTS
from switchboard.flows.appointments_yaml import read_appointments
from switchboard.flows.asking import NO_INPUT, NO_MATCH
from switchboard.flows.check_limits import read_limits
from switchboard.flows.configuration import Configuration, Flow
from switchboard.flows.content import content_version
from switchboard.flows.facts_yaml import prompt_sources, read_facts, render_prompts
from switchboard.flows.flow_yaml import FlowFiles
from switchboard.flows.hours_yaml import read_hours
from switchboard.flows.including import FLOWS, SECTIONS, Including, shown
from switchboard.flows.mail_yaml import read_mail
from switchboard.flows.open_prompts import take_open_prompts
from switchboard.flows.organisation_yaml import give_names, read_languages, read_organisation
from switchboard.flows.past_dates import Dated
from switchboard.flows.people_yaml import KnownNames
from switchboard.flows.reading import Reading
from switchboard.flows.recordings import Recordings, ids_of
from switchboard.flows.rota_yaml import read_rotas
from switchboard.flows.schema import Copied, FlowReading
from switchboard.flows.screening_yaml import FILE as SCREENING
from switchboard.flows.screening_yaml import read_screening
from switchboard.flows.source import Place, Problems, Table, read_yaml
from switchboard.flows.speech_texts import Wordings
from switchboard.flows.spoken_numbers import HEARD_BY_PHONE, make_numbers
from switchboard.flows.steps.screen import SCREEN
from switchboard.flows.telling import AT_TIME, DAYS, compose_tellings
from switchboard.flows.variables import read_variables
from switchboard.services.office import APOLOGY, GOODBYE, RECEPTION_UNAVAILABLE

FILES = tuple(SECTIONS)
OWN_PROMPTS = (APOLOGY, GOODBYE, RECEPTION_UNAVAILABLE, NO_INPUT, NO_MATCH, AT_TIME, *DAYS)


def load_configuration(ivr: Path, prompts: Path, *, version: str | None = None) -> Configuration:
    """The configuration of the folder `ivr` with the texts of the folder `prompts`.

    `version` is what `content_version` says of the folders, where that is known already.

    Raises ConfigurationError with every problem, each `file:line:column: what is wrong — what was expected`.
    """
    problems = Problems()
    reading = Reading(problems)
    including = Including(ivr, problems)
    tables = {name: including.read(name) for name in FILES}
    flow_tables = _flow_tables(including)
    read_languages(reading, tables["organisation.yaml"])
    text_tables = _text_tables(prompts, reading)
    configuration = _Loader(reading, ivr, prompts, tables, flow_tables, text_tables).load()
    limits = read_limits(reading, tables["organisation.yaml"])
    if problems:
        raise ConfigurationError(problems.errors())
    version = version or content_version(ivr, prompts)
    organisation = configuration.organisation
    recorded = Recordings(prompts).fingerprints(configuration.utterances, ids_of(organisation.prompts))
    return replace(
        configuration,
        organisation=replace(organisation, recorded=recorded),
        version=version,
        warnings=tuple(problems.warnings()),
        lines=problems.lines,
        limits=limits,
    )


@dataclass(slots=True)
class _Loader:
    """The order in which things are read: each may name what was read before."""

    reading: Reading
    ivr: Path
    prompts: Path
    tables: dict[str, Table]
    flow_tables: dict[str, Table]
    text_tables: dict[Language, Table]

    def load(self) -> Configuration:
        reading = self.reading
        sources = prompt_sources(reading, self.text_tables)
        self._check_prompts(sources)
        open_prompts = take_open_prompts(reading.templates, sources, self.flow_tables.values(), OWN_PROMPTS)
        names = KnownNames(self.tables["hours.yaml"].entries, self.flow_tables, sources)
        texts: dict[str, dict[Language, str]] = {}
        organisation = self._organisation(names, texts)
        hours, dated = self._hours(organisation)
        rotas = read_rotas(reading, self.tables["rota.yaml"], organisation)
        facts = read_facts(reading, self.tables["facts.yaml"])
        at_time = sources.pop(AT_TIME, {})
        texts.update(render_prompts(reading, sources))
        wordings = Wordings(reading.languages)
        prompts = {identifier: wordings.speech(said) for identifier, said in texts.items()}
        if HEARD_BY_PHONE in prompts:
            make_numbers(wordings, organisation)
        tellings = compose_tellings(reading, wordings, hours, facts, prompts, at_time)
        variables = read_variables(reading, self.flow_tables.values())

        copied = Copied()

        def new_reading(identifier: str, parameters: Mapping[str, str]) -> FlowReading:
            return FlowReading(
                reading=replace(reading, parameters=parameters),
                organisation=organisation,
                hours=hours,
                facts=facts,
                prompts=prompts,
                tellings=tellings,
                wordings=wordings,
                recordings=self.prompts / "recordings",
                flow=identifier,
                use=files.use,
                flow_names=list(self.flow_tables),
                variables=variables,
                open_prompts=open_prompts,
                texts=texts,
                rotas=rotas,
                copied=copied,
            )

        files = FlowFiles(self.flow_tables, new_reading, reading.problems, shown(self.ivr))
        flows = files.read_all()
        variables.check(reading)
        self._check_entries(organisation, flows)
        self._check_screening(organisation.screening, flows)
        return Configuration(
            organisation,
            hours,
            facts,
            flows,
            prompts,
            "",
            frozenset(wordings.made),
            variables=variables.declared,
            dated=dated,
            rotas=rotas,
        )

    def _organisation(self, names: KnownNames, texts: dict[str, dict[Language, str]]) -> Organisation:
        """With all that stands in files of its own. What is said of it is added to `texts`."""
        reading, tables = self.reading, self.tables
        organisation = read_organisation(reading, tables["organisation.yaml"], tables["people.yaml"], names, texts)
        screening = read_screening(reading, tables[SCREENING], organisation.country)
        organisation = replace(organisation, screening=screening, mail=read_mail(reading, self.ivr))
        give_names(reading, organisation)
        rules = read_appointments(reading, tables[APPOINTMENTS], organisation, names.hours)
        return replace(organisation, appointments=rules)

    def _hours(self, organisation: Organisation) -> tuple[dict[str, HoursTable], tuple[Dated, ...]]:
        """The opening hours, and the dates in them; from here on templates can say them."""
        reading, tables = self.reading, self.tables
        hours, dated = read_hours(
            reading, tables["hours.yaml"], tables["people.yaml"], organisation, tables[APPOINTMENTS]
        )
        for language in reading.languages:
            reading.data[language]["hours"] = {
                table.id: table.spoken.get(language) or table.spoken.get(reading.default_language, "")
                for table in hours.values()
            }
        return hours, dated

    def _check_entries(self, organisation: Organisation, flows: Mapping[str, Flow]) -> None:
        table = self.tables["organisation.yaml"].get("numbers")
        for number in organisation.numbers.values():
            if number.flow and number.flow not in flows and isinstance(table, Table):
                place = table.key_places[number.number]
                self.reading.problems.add(place, f"flow `{number.flow}` has parameters", "one without, for a number")

    def _check_screening(self, rules: ScreeningRules, flows: Mapping[str, Flow]) -> None:
        others = [verdict.value for verdict in rules.verdicts if verdict is not Verdict.ALLOW]
        if others and not any(step.type == SCREEN.name for flow in flows.values() for step in flow.steps.values()):
            text = f"callers may be screened as {' or '.join(others)}, and no flow asks"
            self.reading.problems.warn(self.tables[SCREENING].place, text, "a `screen` step before anybody is rung")

    def _check_prompts(self, sources: Mapping[str, object]) -> None:
        table = self.text_tables.get(self.reading.default_language)
        if table is None or not table.entries:
            return
        for identifier in OWN_PROMPTS:
            if identifier not in sources:
                self.reading.problems.add(table.place, f"lacks `{identifier}`, which the switchboard says by itself")


def _flow_tables(including: Including) -> dict[str, Table]:
    folder = including.folder / FLOWS
    for stray in sorted(folder.glob("*.yml")):
        including.problems.add(Place(shown(stray), 1, 1), "is not read", "a name that ends in `.yaml`")
    return {path.stem: including.read(f"{FLOWS}/{path.name}") for path in sorted(folder.glob("*.yaml"))}


def _text_tables(prompts: Path, reading: Reading) -> dict[Language, Table]:
    tables = {}
    for language in reading.languages:
        path = prompts / "texts" / f"{language}.yaml"
        if path.exists() or language == reading.default_language:
            tables[language] = read_yaml(path, shown(path), reading.problems)
    return tables
