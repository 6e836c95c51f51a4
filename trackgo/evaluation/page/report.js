// All players in step: one clock moves every sheet of frames and every point on its path.
(() => {
  "use strict";
  const FRAMES_PER_SECOND = 7;
  const stages = [...document.querySelectorAll(".stage")].map((element) => ({
    element,
    sheet: element.querySelector("img"),
    frames: Number(element.dataset.frames),
    columns: Number(element.dataset.columns),
    rows: Math.ceil(Number(element.dataset.frames) / Number(element.dataset.columns)),
    objects: [...element.querySelectorAll("g[data-went]")].map((group) => ({
      wanted: JSON.parse(group.dataset.wanted),
      went: JSON.parse(group.dataset.went),
      target: group.querySelector(".target"),
      place: group.querySelector(".place"),
      gap: group.querySelector(".gap"),
    })),
    seen: true,
  }));
  const length = Math.max(1, ...stages.map((stage) => stage.frames));
  const slider = document.getElementById("frame");
  const shown = document.getElementById("shown");
  const play = document.getElementById("play");
  let frame = 0, playing = false, last = 0;

  function place(circle, point) {
    if (!circle) return;
    circle.style.display = point ? "" : "none";
    if (point) { circle.setAttribute("cx", point[0]); circle.setAttribute("cy", point[1]); }
  }

  function drawStage(stage, i) {
    const at = Math.min(i, stage.frames - 1);
    const column = at % stage.columns, row = Math.floor(at / stage.columns);
    stage.sheet.style.transform = `translate(${-100 * column / stage.columns}%, ${-100 * row / stage.rows}%)`;
    for (const object of stage.objects) {
      const wanted = object.wanted[at], went = object.went[at];
      place(object.target, wanted);
      place(object.place, went);
      if (!object.gap) continue;
      object.gap.style.display = wanted && went ? "" : "none";
      if (wanted && went) {
        for (const [name, value] of [["x1", wanted[0]], ["y1", wanted[1]], ["x2", went[0]], ["y2", went[1]]]) {
          object.gap.setAttribute(name, value);
        }
      }
    }
  }

  function draw(i) {
    frame = i;
    slider.value = i;
    shown.value = `${i + 1} / ${length}`;
    for (const stage of stages) if (stage.seen) drawStage(stage, i);
  }

  function tick(now) {
    if (!playing) return;
    if (now - last >= 1000 / FRAMES_PER_SECOND) {
      last = now;
      draw((frame + 1) % length);
    }
    requestAnimationFrame(tick);
  }

  function setPlaying(on) {
    playing = on;
    play.textContent = on ? "❚❚" : "▶";
    play.setAttribute("aria-label", on ? "Pause" : "Play");
    if (on) requestAnimationFrame(tick);
  }

  const watcher = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      const stage = stages.find((one) => one.element === entry.target);
      stage.seen = entry.isIntersecting;
      if (stage.seen) drawStage(stage, frame);
    }
  }, { rootMargin: "200px" });
  stages.forEach((stage) => watcher.observe(stage.element));

  slider.max = length - 1;
  slider.addEventListener("input", () => { setPlaying(false); draw(Number(slider.value)); });
  play.addEventListener("click", () => setPlaying(!playing));
  for (const name of ["wanted", "went"]) {
    document.getElementById(`show-${name}`).addEventListener("change", (event) => {
      document.body.classList.toggle(`hide-${name}`, !event.target.checked);
    });
  }
  document.addEventListener("keydown", (event) => {
    if (/^(INPUT|SELECT|BUTTON|A)$/.test(event.target.tagName)) return;
    if (event.key === " ") { event.preventDefault(); setPlaying(!playing); }
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step) { setPlaying(false); draw((frame + step + length) % length); }
  });

  const order = document.getElementById("order");
  order?.addEventListener("change", () => {
    const list = document.getElementById("cases");
    const figure = (card) => Number(JSON.parse(card.dataset.scores)[order.value] ?? -Infinity);
    [...list.children].sort((a, b) => figure(b) - figure(a)).forEach((card) => list.append(card));
  });

  document.getElementById("theme").addEventListener("click", () => {
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    const now = document.documentElement.dataset.theme ?? (dark ? "dark" : "light");
    document.documentElement.dataset.theme = now === "dark" ? "light" : "dark";
  });

  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  draw(0);
  setPlaying(stages.length > 0 && !calm);
})();
