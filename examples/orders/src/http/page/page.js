"use strict";
// Shows the board that the server sends, whole, whenever something has changed. Cards are
// moved and never made anew, so that what is open stays open and the focus stays where it is.

const at = (id) => document.getElementById(id);
const cards = new Map();
// Not broken between the number and the goods.
const pieces = (line) => `${line.quantity}\u00a0×\u00a0${line.sku}`;
const money = (cents) => (cents / 100).toFixed(2);
const clock = (time) => new Date(time).toLocaleTimeString([], { hour12: false });

// Only what has changed is touched: screen readers and selections notice the rest.
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function step({ what, detail, at: time }) {
  const item = document.createElement("li");
  const when = document.createElement("time");
  when.dateTime = time;
  when.textContent = clock(time);
  item.append(detail ? `${what}: ${detail} ` : `${what} `, when);
  return item;
}

function newCard(id) {
  const card = at("card").content.firstElementChild.cloneNode(true);
  card.dataset.order = id;
  card.querySelector(".cancel").addEventListener("click", () => cancel(cards.get(id).order));
  return card;
}

function fill(card, order) {
  const part = (name) => card.querySelector(name);
  write(part(".who"), order.customer);
  write(part(".sum"), money(order.cents));
  write(part(".what"), order.lines.map(pieces).join(", "));
  const last = order.steps.at(-1);
  write(part(".last"), last ? (last.detail ? `${last.what}: ${last.detail}` : last.what) : "");
  write(part(".id"), order.order);
  const steps = part(".steps");
  for (const next of order.steps.slice(steps.children.length)) steps.append(step(next));
  part(".cancel").hidden = order.cancelling || !["placed", "confirmed"].includes(order.phase);
}

// Puts a card where it belongs, and the focus back into it if it was there.
function place(card, list, before, phase) {
  if (card.parentNode === list && card.nextElementSibling === before) return;
  const focused = card.contains(document.activeElement) ? document.activeElement : null;
  list.insertBefore(card, before);
  focused?.focus({ preventScroll: true });
  const moved = card.dataset.phase !== undefined && card.dataset.phase !== phase;
  if (moved) {
    card.classList.add("moved");
    card.addEventListener("animationend", () => card.classList.remove("moved"), { once: true });
  }
}

function showOrders(orders) {
  const known = new Set(orders.map((order) => order.order));
  for (const [id, { card }] of cards) {
    if (!known.has(id)) {
      card.remove();
      cards.delete(id);
    }
  }
  for (const column of document.querySelectorAll(".column")) {
    const { phase } = column.dataset;
    const list = column.querySelector("ul");
    // From the last to the first, each before the one behind it.
    let behind = null;
    for (const order of orders.filter((order) => order.phase === phase).reverse()) {
      const card = cards.get(order.order)?.card ?? newCard(order.order);
      cards.set(order.order, { card, order });
      fill(card, order);
      place(card, list, behind, phase);
      card.dataset.phase = phase;
      behind = card;
    }
  }
}

function showStock(stock) {
  if (stock.length === 0) return;
  const row = ({ sku, free, reserved, taken }) => {
    const line = document.createElement("tr");
    const name = document.createElement("th");
    name.scope = "row";
    name.textContent = sku;
    line.append(name);
    for (const number of [free, reserved, taken]) {
      line.insertCell().textContent = number;
    }
    return line;
  };
  at("levels").replaceChildren(...stock.map(row));
  const choice = at("place").elements.sku;
  for (const { sku } of stock.slice(choice.options.length)) choice.add(new Option(sku));
}

function fact(name, text, bad) {
  const [term, said] = [document.createElement("dt"), document.createElement("dd")];
  term.textContent = name.replaceAll("_", " ");
  said.textContent = text;
  said.toggleAttribute("data-bad", bad);
  return [term, said];
}

function showLag(lag) {
  const behind = (events, milliseconds) => events ? `${events} events, ${milliseconds} ms` : "none";
  const facts = lag.flatMap(({ name, events, milliseconds, stuck }) =>
    fact(name, stuck ? `stuck, ${events} events` : behind(events, milliseconds), stuck));
  at("lags").replaceChildren(...facts);
}

// What the worker of the shop's own process calls; where others work, nothing is known of it.
function showCalls(calls) {
  const facts = calls.flatMap(({ name, state, since, waiting }) => {
    const bad = state !== "closed";
    const wait = bad && waiting ? `, ${waiting} wait` : "";
    return fact(name, `${state.replace("_", " ")} since ${clock(since)}${wait}`, bad);
  });
  at("calls").hidden = calls.length === 0;
  at("circuits").replaceChildren(...facts);
}

function show(board) {
  for (const [phase, count] of Object.entries(board.counts)) {
    write(document.querySelector(`[data-phase=${phase}] .count`), String(count));
  }
  showOrders(board.orders);
  showStock(board.stock);
  showLag(board.lag);
  showCalls(board.calls);
}

function connected(state, text) {
  at("connection").dataset.state = state;
  write(at("connection"), text);
}

function say(text, bad) {
  at("said").toggleAttribute("data-bad", bad);
  at("said").textContent = text;
}

// A command under a key of its own; it is repeated under the same key where its answer is lost.
async function command(path, body, version) {
  const random = crypto.getRandomValues(new Uint32Array(4));
  const headers = { "Content-Type": "application/json", "Idempotency-Key": `page-${random.join("-")}` };
  if (version) headers["If-Match"] = `"${version}"`;
  const request = { method: "POST", headers, body: JSON.stringify(body) };
  for (let tries = 1; ; tries++) {
    const answer = await fetch(path, request).catch(() => null);
    if (answer?.ok) return answer.json();
    if (answer && answer.status !== 503) throw new Error((await answer.json()).detail);
    if (tries === 3) throw new Error("the shop does not answer");
    await new Promise((resume) => setTimeout(resume, 300 * tries));
  }
}

async function cancel(order) {
  try {
    await command(`/orders/${order.order}/cancellation`, {}, order.version);
    say("The cancellation is asked for.", false);
  } catch (error) {
    say(error.message, true);
  }
}

at("place").addEventListener("submit", async (event) => {
  event.preventDefault();
  const fields = new FormData(event.target);
  const line = { sku: fields.get("sku"), quantity: Number(fields.get("quantity")) };
  const order = { customer: fields.get("customer"), lines: [line], cents: Number(fields.get("cents")) };
  try {
    await command("/orders", order);
    say("The order is placed.", false);
  } catch (error) {
    say(error.message, true);
  }
});

const live = new EventSource("/live");
live.addEventListener("message", (event) => {
  connected("live", "live");
  show(JSON.parse(event.data));
});
// The browser connects again by itself, unless the server refuses.
live.addEventListener("error", () => connected("lost", "connection lost, trying again"));
