// A mesh with a colour per vertex, to be turned: WebGL, or a plain canvas where there is none.
(function () {
  "use strict";
  const holder = document.getElementById("view-data");
  if (!holder) return;
  const data = JSON.parse(holder.textContent);
  const canvas = document.getElementById("view");
  const choice = document.getElementById("view-choice");
  const bar = document.getElementById("view-scale");

  function bytes(text) {
    return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer;
  }

  // Unit normals of the vertices: the sum of their triangles' normals, which are as long as the triangles are large.
  function normals(positions, triangles) {
    const sums = new Float32Array(positions.length);
    for (let t = 0; t < triangles.length; t += 3) {
      const [a, b, c] = [3 * triangles[t], 3 * triangles[t + 1], 3 * triangles[t + 2]];
      const [ux, uy, uz] = [0, 1, 2].map((k) => positions[b + k] - positions[a + k]);
      const [vx, vy, vz] = [0, 1, 2].map((k) => positions[c + k] - positions[a + k]);
      const normal = [uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx];
      for (const corner of [a, b, c]) for (let k = 0; k < 3; k++) sums[corner + k] += normal[k];
    }
    for (let v = 0; v < sums.length; v += 3) {
      const length = Math.hypot(sums[v], sums[v + 1], sums[v + 2]) || 1;
      for (let k = 0; k < 3; k++) sums[v + k] /= length;
    }
    return sums;
  }

  const triangles = new Uint32Array(bytes(data.triangles));
  const shapes = data.shapes.map((text) => {
    const positions = Float32Array.from(new Int16Array(bytes(text)), (value) => value * data.step);
    let radius = 1;
    for (let v = 0; v < positions.length; v += 3) {
      radius = Math.max(radius, Math.hypot(positions[v], positions[v + 1], positions[v + 2]));
    }
    return { positions, normals: normals(positions, triangles), radius };
  });
  const views = data.views.map((view) => ({ ...view, shape: shapes[view.shape], colours: new Uint8Array(bytes(view.colours)) }));

  // Rows of the rotation: first about the vertical axis, then about the horizontal one.
  function rotation(yaw, pitch) {
    const [cy, sy, cp, sp] = [Math.cos(yaw), Math.sin(yaw), Math.cos(pitch), Math.sin(pitch)];
    return [[cy, 0, sy], [sp * sy, cp, -sp * cy], [-cp * sy, sp, cp * cy]];
  }

  // ----- WebGL

  const VERTEX = `
    attribute vec3 position, normal, colour;
    uniform mat3 turn;
    uniform vec3 scale;
    uniform float shading;
    varying vec3 shade;
    void main() {
      vec3 at = turn * position;
      float light = 1.0 - shading + shading * max((turn * normal).z, 0.0);
      shade = colour * light;
      gl_Position = vec4(at.xy * scale.xy, -at.z * scale.z, 1.0);
    }`;
  const FRAGMENT = `
    precision mediump float;
    varying vec3 shade;
    void main() { gl_FragColor = vec4(shade, 1.0); }`;

  function webglPainter(gl) {
    const program = gl.createProgram();
    for (const [kind, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(program));
    gl.useProgram(program);
    gl.enable(gl.DEPTH_TEST);
    const wide = gl.getExtension("OES_element_index_uint");
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, gl.createBuffer());
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, wide ? triangles : Uint16Array.from(triangles), gl.STATIC_DRAW);
    const buffers = { position: gl.createBuffer(), normal: gl.createBuffer(), colour: gl.createBuffer() };
    const place = (name) => gl.getUniformLocation(program, name);

    function give(name, values, kind, normalised) {
      const attribute = gl.getAttribLocation(program, name);
      gl.bindBuffer(gl.ARRAY_BUFFER, buffers[name]);
      gl.bufferData(gl.ARRAY_BUFFER, values, gl.STATIC_DRAW);
      gl.enableVertexAttribArray(attribute);
      gl.vertexAttribPointer(attribute, 3, kind, normalised, 0, 0);
    }

    return {
      load(view) {
        give("position", view.shape.positions, gl.FLOAT, false);
        give("normal", view.shape.normals, gl.FLOAT, false);
        give("colour", view.colours, gl.UNSIGNED_BYTE, true);
      },
      draw(view, turn, zoom, shading) {
        const [w, h] = [canvas.width, canvas.height];
        const unit = (zoom * Math.min(w, h)) / view.shape.radius;
        gl.viewport(0, 0, w, h);
        gl.clearColor(0, 0, 0, 0);
        gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
        gl.uniformMatrix3fv(place("turn"), false, [0, 1, 2].flatMap((column) => turn.map((row) => row[column])));
        gl.uniform3f(place("scale"), unit / w, unit / h, 0.9 / view.shape.radius);
        gl.uniform1f(place("shading"), shading);
        gl.drawElements(gl.TRIANGLES, triangles.length, wide ? gl.UNSIGNED_INT : gl.UNSIGNED_SHORT, 0);
      },
    };
  }

  // ----- A plain canvas: triangles from back to front

  function canvasPainter(context) {
    return {
      load() {},
      draw(view, turn, zoom, shading) {
        const [w, h] = [canvas.width, canvas.height];
        const { positions, normals: directions, radius } = view.shape;
        const unit = (zoom * Math.min(w, h)) / radius / 2;
        const points = new Float32Array(positions.length);
        const lights = new Float32Array(positions.length / 3);
        for (let v = 0; v < positions.length; v += 3) {
          for (let k = 0; k < 3; k++) {
            points[v + k] = turn[k][0] * positions[v] + turn[k][1] * positions[v + 1] + turn[k][2] * positions[v + 2];
          }
          const facing = turn[2][0] * directions[v] + turn[2][1] * directions[v + 1] + turn[2][2] * directions[v + 2];
          lights[v / 3] = 1 - shading + shading * Math.max(facing, 0);
        }
        const depth = (t) => points[3 * triangles[t] + 2] + points[3 * triangles[t + 1] + 2] + points[3 * triangles[t + 2] + 2];
        const order = Array.from({ length: triangles.length / 3 }, (_, t) => 3 * t);
        const depths = new Float32Array(triangles.length);
        for (const t of order) depths[t] = depth(t);
        order.sort((a, b) => depths[a] - depths[b]);
        context.clearRect(0, 0, w, h);
        for (const t of order) {
          const corners = [triangles[t], triangles[t + 1], triangles[t + 2]];
          const [x, y] = [corners.map((c) => w / 2 + unit * points[3 * c]), corners.map((c) => h / 2 - unit * points[3 * c + 1])];
          const colour = [0, 1, 2].map((k) => {
            return corners.reduce((sum, c) => sum + view.colours[3 * c + k] * lights[c], 0) / 3;
          });
          context.fillStyle = context.strokeStyle = `rgb(${colour.map(Math.round).join(",")})`;
          context.beginPath();
          context.moveTo(x[0], y[0]);
          context.lineTo(x[1], y[1]);
          context.lineTo(x[2], y[2]);
          context.fill();
          context.stroke(); // closes the seams between triangles
        }
      },
    };
  }

  function painterFor() {
    const gl = canvas.getContext("webgl", { preserveDrawingBuffer: true });
    canvas.dataset.painter = gl ? "webgl" : "canvas";
    return gl ? webglPainter(gl) : canvasPainter(canvas.getContext("2d"));
  }

  // ----- What is shown, and how it is turned

  const painter = painterFor();
  const state = { view: views[0], yaw: 0, pitch: 0, zoom: 1, waiting: false };

  function draw() {
    state.waiting = false;
    const dots = Math.min(window.devicePixelRatio || 1, 2);
    const [w, h] = [Math.max(1, Math.round(canvas.clientWidth * dots)), Math.max(1, Math.round(canvas.clientHeight * dots))];
    if (canvas.width !== w || canvas.height !== h) [canvas.width, canvas.height] = [w, h];
    painter.draw(state.view, rotation(state.yaw, state.pitch), state.zoom, state.view.scale ? 0.3 : 0.6);
  }

  function redraw() {
    if (!state.waiting) requestAnimationFrame(draw);
    state.waiting = true;
  }

  function turn(right, down) {
    state.yaw += (right * Math.PI) / 180;
    state.pitch = Math.max(-1.5, Math.min(1.5, state.pitch + (down * Math.PI) / 180));
    redraw();
  }

  function zoom(by) {
    state.zoom = Math.max(0.3, Math.min(8, state.zoom * by));
    redraw();
  }

  function home() {
    Object.assign(state, { yaw: 0, pitch: 0, zoom: 1 });
    redraw();
  }

  function show(position) {
    state.view = views[position];
    painter.load(state.view);
    canvas.setAttribute("aria-label", `${state.view.group}: ${state.view.title}`);
    bar.hidden = !state.view.scale;
    if (state.view.scale) {
      const [low, strip, high] = bar.children;
      const { low: from, high: to, colours } = state.view.scale;
      low.textContent = `${from} mm`;
      high.textContent = `${to} mm`;
      strip.style.background = `linear-gradient(to right, ${colours.join(", ")})`;
    }
    redraw();
  }

  views.forEach((view, position) => choice.append(new Option(`${view.group}: ${view.title}`, position)));
  choice.addEventListener("change", () => show(Number(choice.value)));

  const KEYS = {
    ArrowLeft: () => turn(-10, 0), ArrowRight: () => turn(10, 0), ArrowUp: () => turn(0, -10), ArrowDown: () => turn(0, 10),
    "+": () => zoom(1.25), "=": () => zoom(1.25), "-": () => zoom(0.8), 0: home, Home: home,
  };
  canvas.addEventListener("keydown", (event) => {
    if (!(event.key in KEYS) || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    KEYS[event.key]();
  });
  let last = null;
  canvas.addEventListener("pointerdown", (event) => {
    last = event;
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!last || event.pointerId !== last.pointerId) return;
    turn((event.clientX - last.clientX) / 2, (event.clientY - last.clientY) / 2);
    last = event;
  });
  for (const kind of ["pointerup", "pointercancel"]) canvas.addEventListener(kind, () => { last = null; });
  canvas.addEventListener("wheel", (event) => {
    if (document.activeElement !== canvas) return; // else the page scrolls
    event.preventDefault();
    zoom(Math.exp(-event.deltaY / 500));
  }, { passive: false });
  for (const button of document.querySelectorAll("#views button")) {
    button.addEventListener("click", () => {
      if (button.dataset.turn) turn(...button.dataset.turn.split(" ").map(Number));
      else if (button.dataset.zoom) zoom(Number(button.dataset.zoom));
      else home();
    });
  }
  new ResizeObserver(redraw).observe(canvas);
  show(0);
})();
