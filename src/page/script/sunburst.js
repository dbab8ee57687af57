// Frames as rings around the root of the zoom, callers inside.

const RINGS = 12;

const Sunburst = {
  shape(view) {
    const radius = Math.max(40, Math.min(view.width, view.height) / 2 - 6);
    const inner = Math.max(30, radius * 0.16);
    const below = Sunburst.depthBelow(view);
    const rings = Math.max(1, Math.min(RINGS, below));
    return { x: view.width / 2, y: view.height / 2, inner, ring: (radius - inner) / rings, rings };
  },

  depthBelow(view) {
    const { tree, root } = view;
    if (view.depthOf === root && view.depthTree === tree && view.depthWidth === tree.width) return view.depthBelow;
    // Paths too narrow to read do not make the rings of all others thinner.
    const least = tree.width[root] * 0.004;
    let most = tree.depth[root] + 1;
    for (let node = root; node < tree.end[root];) {
      if (tree.width[node] < least) node = tree.end[node];
      else most = Math.max(most, tree.depth[node++]);
    }
    Object.assign(view, { depthOf: root, depthTree: tree, depthWidth: tree.width, depthBelow: most - tree.depth[root] });
    return view.depthBelow;
  },

  draw(view) {
    const { tree, root, context, colors } = view;
    const whole = tree.width[root];
    if (!(whole > 0)) return;
    const { x, y, inner, ring, rings } = Sunburst.shape(view);
    const angle = (weight) => (weight / whole) * 2 * Math.PI - Math.PI / 2;
    const first = tree.start[root];
    for (let node = root + 1; node < tree.end[root];) {
      const level = tree.depth[node] - tree.depth[root];
      const from = angle(tree.start[node] - first);
      const to = angle(tree.start[node] - first + tree.width[node]);
      const outer = inner + level * ring;
      if (level > rings || (to - from) * outer < NARROW) {
        if (tree.width[node] > 0) view.leftOut += tree.end[node] - node;
        node = tree.end[node];
        continue;
      }
      context.beginPath();
      context.arc(x, y, outer, from, to);
      context.arc(x, y, outer - ring, to, from, true);
      context.closePath();
      const style = view.style(node);
      context.fillStyle = style.fill;
      context.fill();
      if ((to - from) * outer > 3) {
        context.lineWidth = style.isChosen ? 2 : 1;
        context.strokeStyle = style.isChosen ? colors.chosen : colors.line;
        context.stroke();
      }
      Sunburst.label(view, node, style, (from + to) / 2, outer - ring / 2, (to - from) * (outer - ring / 2));
      node++;
    }
    Sunburst.centre(view, x, y, inner);
  },

  // Along the ring where it is long enough, else outwards where the ring is broad enough.
  label(view, node, style, angle, radius, length) {
    const { context, charWidth, words, tree } = view;
    const { x, y, ring } = Sunburst.shape(view);
    const isAlong = ring > 12 && length > ring && length > 30;
    if (!isAlong && !(ring > 36 && length > 12)) return;
    const room = Math.floor(((isAlong ? length : ring) - 8) / charWidth);
    if (room < 3) return;
    const text = Array.from(words.name(tree.fn[node]));
    const shown = text.length > room ? [...text.slice(0, room - 1), '\u2026'] : text;
    context.fillStyle = style.text;
    context.textAlign = 'center';
    // Never upside down: in the lower half letters stand with their feet outwards.
    const isBelow = isAlong ? Math.sin(angle) > 0 : Math.cos(angle) < 0;
    const draw = (letters, at, turn) => {
      context.save();
      context.translate(x + Math.cos(at) * radius, y + Math.sin(at) * radius);
      context.rotate(turn);
      context.fillText(letters, 0, 0);
      context.restore();
    };
    if (!isAlong) draw(shown.join(''), angle, isBelow ? angle + Math.PI : angle);
    else {
      const step = (charWidth / radius) * (isBelow ? -1 : 1);
      let at = angle - (step * (shown.length - 1)) / 2;
      for (const letter of shown) {
        draw(letter, at, at + (isBelow ? -Math.PI / 2 : Math.PI / 2));
        at += step;
      }
    }
    context.textAlign = 'left';
  },

  centre(view, x, y, inner) {
    const { context, tree, root, words, colors } = view;
    context.beginPath();
    context.arc(x, y, inner - 2, 0, 2 * Math.PI);
    context.fillStyle = view.style(root).fill;
    context.fill();
    context.fillStyle = colors.text;
    context.textAlign = 'center';
    const room = Math.max(4, Math.floor((inner * 1.7) / view.charWidth));
    const name = words.name(tree.fn[root]);
    context.fillText(name.length > room ? `${name.slice(0, room - 1)}\u2026` : name, x, y - 8);
    context.fillText(words.amount(tree.width[root]), x, y + 9);
    context.textAlign = 'left';
  },

  hit(view, px, py) {
    const { tree, root } = view;
    const { x, y, inner, ring, rings } = Sunburst.shape(view);
    const distance = Math.hypot(px - x, py - y);
    if (distance < inner) return root;
    const level = Math.floor((distance - inner) / ring) + 1;
    if (level > rings) return -1;
    let turn = Math.atan2(py - y, px - x) + Math.PI / 2;
    if (turn < 0) turn += 2 * Math.PI;
    const position = tree.start[root] + (turn / (2 * Math.PI)) * tree.width[root];
    return tree.find(root, tree.depth[root] + level, position);
  },
};
