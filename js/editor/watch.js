/**
 * One place that looks at the graph for all editors, when it is told that something may have happened: the page has no
 * event that says "another picture arrives". A round draws nothing where nothing is different.
 */

/** Between two rounds, while events come one after another. */
const PAUSE_MS = 100

export class Watch {
  /** @param {(message: string, problem: unknown) => void} complain */
  constructor(complain = (message, problem) => console.error(message, problem)) {
    this.complain = complain
    /** @type {Set<() => void>} */
    this.looks = new Set()
    /** What was complained about: a graph that cannot be followed stays so for many rounds. @type {Set<string>} */
    this.known = new Set()
    /** Of the next round. @type {ReturnType<typeof setTimeout>|undefined} */
    this.timer = undefined
    /** When the last round ended, in the time of `performance.now`. */
    this.last = -Infinity
    /** How many rounds there were: tests read it to see that an idle page has none. */
    this.rounds = 0
  }

  /** @param {() => void} look called in every round @returns {() => void} ends that */
  add(look) {
    this.looks.add(look)
    this.poke()
    return () => this.looks.delete(look)
  }

  /** Something happened: look soon, after whatever is going on has finished. @param {number} [pause_ms] */
  poke(pause_ms = PAUSE_MS) {
    if (this.timer !== undefined || this.looks.size === 0) return
    const wait = this.last + pause_ms - performance.now()
    this.timer = setTimeout(() => this.#round(), Math.max(0, wait))
  }

  #round() {
    this.timer = undefined
    this.rounds += 1
    for (const look of this.looks) {
      try {
        look()
      } catch (problem) {
        const text = String(problem)
        if (!this.known.has(text)) this.complain('TrackGo cannot follow the graph', problem)
        this.known.add(text)
      }
    }
    this.last = performance.now()
  }
}
