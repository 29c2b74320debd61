// Controls of the page: which claims are shown, which case of the gallery, which training is highlighted.
(function () {
  "use strict";
  document.documentElement.classList.add("scripted");

  function fill(select, values) {
    for (const value of values) select.append(new Option(value, value));
  }

  function unique(elements, key) {
    return [...new Set(elements.map((element) => element.dataset[key]))];
  }

  const filter = document.getElementById("claim-filter");
  if (filter) {
    const rows = [...document.querySelectorAll("#claims details tbody tr")];
    const show = () => {
      for (const row of rows) {
        row.hidden = filter.value !== "" && row.dataset.verdict !== filter.value;
      }
    };
    filter.addEventListener("change", show);
    show();
  }

  const leaf = document.getElementById("leaf");
  if (leaf) {
    const cases = [...leaf.querySelectorAll(".case")];
    const group = document.getElementById("gallery-group");
    const place = document.getElementById("gallery-place");
    let at = 0;
    const turn = (by) => {
      const those = cases.filter((each) => each.dataset.group === group.value);
      at = (at + by + those.length) % those.length;
      for (const each of cases) each.classList.toggle("shown", each === those[at]);
      place.textContent = `${at + 1} of ${those.length}`;
    };
    fill(group, unique(cases, "group"));
    group.addEventListener("change", () => { at = 0; turn(0); });
    document.getElementById("gallery-back").addEventListener("click", () => turn(-1));
    document.getElementById("gallery-next").addEventListener("click", () => turn(1));
    leaf.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!by || event.target === group || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      turn(by);
    });
    let from = null;
    leaf.addEventListener("touchstart", (event) => { from = event.changedTouches[0]; }, { passive: true });
    leaf.addEventListener("touchend", (event) => {
      const to = event.changedTouches[0];
      const across = from ? to.clientX - from.clientX : 0;
      if (Math.abs(across) > 50 && Math.abs(across) > 2 * Math.abs(to.clientY - from.clientY)) turn(across < 0 ? 1 : -1);
      from = null;
    }, { passive: true });
    turn(0);
  }

  const run = document.getElementById("curve-run");
  if (run) {
    const lines = [...document.querySelectorAll("polyline[data-run]")];
    const names = unique(lines, "run").sort();
    const highlighted = lines.find((line) => line.classList.contains("on"));
    fill(run, names);
    run.value = names.includes("FOCUS") ? "FOCUS" : highlighted.dataset.run;
    const show = () => {
      for (const line of lines) {
        const on = line.dataset.run === run.value;
        line.classList.toggle("on", on);
        if (on) line.parentNode.append(line); // drawn over the others
      }
    };
    run.addEventListener("change", show);
    show();
  }
})();
