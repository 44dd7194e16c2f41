/** @file A run in the studio: the card of the watch page, a conversation with its model, and what can be done with it. */

/** @import { LoggedEvent } from "flora-train" */

import { take, unknownRun } from "../run-state.js";
import { createCard } from "../view.js";

/**
 * @typedef {object} Actions
 * @property {(question: string) => Promise<string>} ask
 * @property {() => Promise<void>} goOn
 * @property {() => Promise<void>} stop
 * @property {(isWhole: boolean) => Promise<Blob>} pack
 * @property {() => Promise<void>} remove
 */

/**
 * @param {string} name of the run
 * @param {Actions} actions which reject with sentences
 * @param {(problem: string) => void} tell shows what went wrong
 */
export function createPanel(name, actions, tell) {
  let run = unknownRun();
  let isDrawing = false;
  const card = createCard(name, { hasCommand: false });
  const buttons = document.createElement("div");
  buttons.className = "buttons";
  const element = document.createElement("section");
  element.setAttribute("aria-label", `run ${name}`);
  const conversation = talk(name, actions.ask);
  element.append(card.element, conversation.element, buttons);

  const stop = button("Stop", () => actions.stop());
  const goOn = button("Go on", () => actions.goOn());
  const model = button("Save the model", async () => save(await actions.pack(false), name));
  const whole = button("Save the run", async () => save(await actions.pack(true), `${name}-run`));
  const remove = button("Remove", () => actions.remove());
  whole.title = "the model with its checkpoint, to go on elsewhere with flora train --resume";
  buttons.append(stop, goOn, model, whole, remove);

  /**
   * @param {string} label
   * @param {() => Promise<unknown>} work
   */
  function button(label, work) {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = label;
    made.addEventListener("click", () => {
      made.disabled = true;
      work()
        .catch((error) => tell(error.message))
        .finally(() => (made.disabled = false));
    });
    return made;
  }

  function draw() {
    if (isDrawing) return;
    isDrawing = true;
    requestAnimationFrame(() => {
      isDrawing = false;
      card.show(run);
    });
  }

  return {
    element,
    /** @param {string} text what there is of an answer */
    say: conversation.say,
    /** @param {readonly LoggedEvent[]} events the whole log */
    begin(events) {
      run = unknownRun();
      for (const event of events) take(run, event);
      draw();
    },
    /** @param {LoggedEvent} event */
    take(event) {
      take(run, event);
      draw();
    },
    /** @param {boolean} isTraining */
    show(isTraining) {
      stop.hidden = !isTraining;
      goOn.hidden = isTraining || run.end?.reason === "finished";
      whole.hidden = isTraining;
      remove.hidden = isTraining;
    },
  };
}

/**
 * A question and the newest answer.
 *
 * @param {string} name
 * @param {Actions["ask"]} ask
 */
function talk(name, ask) {
  const form = document.createElement("form");
  form.className = "talk";
  form.setAttribute("aria-label", `talk to ${name}`);
  const label = document.createElement("label");
  const question = document.createElement("input");
  question.type = "text";
  question.required = true;
  question.name = "question";
  label.append("Ask it something, at any step", question);
  const send = document.createElement("button");
  send.textContent = "Ask";
  const row = document.createElement("p");
  row.append(send);
  const answer = document.createElement("p");
  answer.className = "answer";
  answer.setAttribute("role", "status");
  answer.hidden = true;
  form.append(label, row, answer);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send.disabled = true;
    answer.hidden = false;
    // To be read out when it is whole.
    answer.setAttribute("aria-busy", "true");
    answer.textContent = "…";
    ask(question.value)
      .then(
        (text) => (answer.textContent = text === "" ? "(nothing)" : text),
        (error) => (answer.textContent = error.message),
      )
      .finally(() => {
        answer.setAttribute("aria-busy", "false");
        send.disabled = false;
      });
  });
  return {
    element: form,
    /** @param {string} text */
    say(text) {
      answer.textContent = text;
    },
  };
}

/**
 * Hands a file to the person.
 *
 * @param {Blob} content
 * @param {string} name
 */
function save(content, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = `${name}.zip`;
  link.click();
  // The download has begun by then, and holds what it needs.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
