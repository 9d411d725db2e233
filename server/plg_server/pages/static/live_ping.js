"use strict";

// Measures the round trip from this browser to each relay that answers HTTP, and shows the best of several.

const ROUNDS = 6; // the first one pays for the connection and is not counted
const AT_ONCE = 2; // more would wait for one another and measure that
const PATIENCE_MS = 4000;

// What the network itself took when the browser says so, else what this script had to wait.
const roundTrip = async (address) => {
  const began = performance.now();
  const answer = await fetch(address, {
    mode: "cors", credentials: "omit", cache: "no-store", referrerPolicy: "no-referrer", signal: AbortSignal.timeout(PATIENCE_MS),
  });
  const waited = performance.now() - began;
  if (!answer.ok) throw new Error(String(answer.status));
  const [entry] = performance.getEntriesByName(address, "resource");
  const network = entry && entry.requestStart > 0 ? entry.responseStart - entry.requestStart : 0;
  return network > 0 && network <= waited ? network : waited;
};

const measure = async (address) => {
  let best = Infinity;
  for (let round = 0; round < ROUNDS; round += 1) {
    try {
      const took = await roundTrip(`${address}?${Date.now().toString(36)}${round}`);
      if (round > 0) best = Math.min(best, took);
    } catch {
      if (round === 0) return Infinity;
    }
  }
  return best;
};

const rounded = (ms) => (ms < 10 ? ms.toFixed(1) : String(Math.round(ms)));
const filled = (text, words) => text.replace(/{(\w+)}/g, (_all, name) => words[name]);

const run = async (list) => {
  const { noAnswer, notHere, waiting, milliseconds, nearest, nobody } = list.dataset;
  const rows = [...list.querySelectorAll("[data-ping]")];
  const found = new Map();
  const show = (row, text) => { row.querySelector("[data-shown]").textContent = text; };
  const draw = () => {
    const longest = Math.max(...found.values(), 1);
    const shortest = Math.min(...found.values());
    for (const row of rows) {
      const ms = found.get(row);
      row.querySelector(".fill").setAttribute("width", ms === undefined ? 0 : Math.max(1, (100 * ms) / longest));
      row.classList.toggle("best", ms !== undefined && ms === shortest);
    }
  };
  const left = rows.filter((row) => {
    const reachable = location.protocol !== "https:" || row.dataset.ping.startsWith("https:");
    show(row, reachable ? waiting : notHere);
    return reachable;
  });
  draw();
  const worker = async () => {
    for (let row = left.shift(); row; row = left.shift()) {
      const ms = await measure(row.dataset.ping);
      if (ms < Infinity) found.set(row, ms);
      show(row, ms < Infinity ? filled(milliseconds, { number: rounded(ms) }) : noAnswer);
      draw();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  performance.clearResourceTimings();
  const [best] = [...found].sort(([, one], [, other]) => one - other);
  list.querySelector("[data-result]").textContent = best
    ? filled(nearest, { name: best[0].dataset.name, number: rounded(best[1]) }) : nobody;
};

for (const list of document.querySelectorAll("[data-live-ping]")) {
  for (const part of list.querySelectorAll("[data-measured]")) part.hidden = false;
  list.querySelector("[data-unmeasured]").hidden = true;
  const again = list.querySelector("[data-again]");
  const start = async () => {
    again.disabled = true;
    await run(list);
    again.disabled = false;
  };
  again.addEventListener("click", start);
  // Nobody's relays are asked for a list that nobody sees.
  const seen = new IntersectionObserver((entries) => {
    if (entries.some((entry) => entry.isIntersecting)) {
      seen.disconnect();
      start();
    }
  });
  seen.observe(list);
}
