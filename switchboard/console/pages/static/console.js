// What the pages of calls need beside htmx: running times, and what is told when the connection is lost.
"use strict";

const passed = (seconds) => {
  const whole = Math.max(0, Math.floor(seconds));
  const minutes = Math.floor(whole / 60);
  return `${minutes}:${String(whole % 60).padStart(2, "0")}`;
};

const tick = () => {
  for (const time of document.querySelectorAll("time[data-since]")) {
    time.textContent = passed(Date.now() / 1000 - Number(time.dataset.since));
  }
};

document.addEventListener("DOMContentLoaded", () => {
  const calls = document.getElementById("calls");
  if (!calls) return;
  const away = document.getElementById("away");
  const told = document.getElementById("told");
  let ringing = new Set();

  // A screen reader says each call that begins to ring, once.
  const announce = () => {
    const now = new Map();
    for (const each of calls.querySelectorAll(".ringing li, .queued li")) {
      now.set(each.id, each.querySelector(".who a").textContent);
    }
    for (const [id, name] of now) {
      if (!ringing.has(id)) told.textContent = `Call from ${name}`;
    }
    ringing = new Set(now.keys());
  };

  tick();
  announce();
  setInterval(tick, 1000);
  document.addEventListener("htmx:sse:after:message", (event) => {
    const kind = event.detail.message && event.detail.message.event;
    if (kind === "over") location.reload();
    away.hidden = kind !== "away";
    tick();
    announce();
  });
  document.addEventListener("htmx:sse:error", () => { away.hidden = false; });
});
