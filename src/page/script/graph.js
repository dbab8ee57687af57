// The call graph on the canvas: boxes with names and shares, calls as curves as wide as their share.

const GRAPH_ZOOM = { least: 0.3, most: 2, readable: 0.75 };

const Graph = {
  // How large it is, in pixels.
  size(view) {
    const { graph, zoomed } = view;
    return { width: graph.wide * zoomed, height: graph.high * zoomed };
  },

  // As large as fits, as long as it can be read.
  fitting(graph, width, height) {
    return Math.max(GRAPH_ZOOM.readable, Math.min(1, width / graph.wide, height / graph.high));
  },

  // Where its left upper corner is: in the middle of the picture if there is room.
  corner(view) {
    const { width, height } = Graph.size(view);
    return [Math.max(0, (view.width - width) / 2) - view.scrollX, Math.max(0, (view.height - height) / 2) - view.scroll];
  },

  draw(view) {
    const { context, graph, zoomed } = view;
    const [left, top] = Graph.corner(view);
    context.save();
    context.translate(left, top);
    context.scale(zoomed, zoomed);
    const pointed = view.hoverTree === graph && view.hover > 0 ? view.hover
      : view.focusTree === graph && document.activeElement === view.canvas ? view.focus : -1;
    const isMarked = (edge) => edge.from === pointed || edge.to === pointed;
    // What is marked lies above the rest.
    for (const edge of graph.edges) if (!isMarked(edge)) Graph.edge(view, edge, false);
    for (const edge of graph.edges) if (isMarked(edge)) Graph.edge(view, edge, true);
    for (const edge of graph.edges) Graph.told(view, edge);
    for (let node = 1; node < graph.count; node++) Graph.node(view, node);
    context.restore();
  },

  share(graph, weights) {
    const total = graph.width[0];
    return total > 0 ? weights[graph.side] / total : 0;
  },

  // From the lower border of the one box through the bends to the upper border of the other.
  course(graph, edge) {
    const half = BOX.height / 2;
    const [upper, lower] = edge.isBack ? [edge.to, edge.from] : [edge.from, edge.to];
    const bends = edge.isBack ? [...edge.bends].reverse() : edge.bends;
    const points = [
      { x: edge.upperX, y: graph.y[upper] + half },
      ...bends,
      { x: edge.lowerX, y: graph.y[lower] - half },
    ];
    return edge.isBack ? points.reverse() : points;
  },

  edge(view, edge, isMarked) {
    const { context, graph, colors } = view;
    const share = Graph.share(graph, edge.weights);
    if (!(share > 0)) return;
    const points = Graph.course(graph, edge);
    const isChange = colors.mode === 'change' && edge.weights.length === 2;
    const color = isMarked ? colors.marked : isChange ? colors.grown(edge.weights[1] - edge.weights[0]) : colors.edge;
    context.strokeStyle = color;
    context.fillStyle = color;
    context.lineWidth = 1 + 7 * share;
    context.setLineDash(edge.isBack ? [5, 4] : []);
    context.beginPath();
    const end = points[points.length - 1];
    const tip = (edge.isBack ? 1 : -1) * (5 + context.lineWidth);
    context.moveTo(points[0].x, points[0].y);
    for (let at = 1; at < points.length; at++) {
      const from = points[at - 1];
      const isLast = at === points.length - 1;
      const to = isLast ? { x: end.x, y: end.y + tip } : points[at];
      const middle = (from.y + to.y) / 2;
      context.bezierCurveTo(from.x, middle, to.x, middle, to.x, to.y);
    }
    context.stroke();
    context.setLineDash([]);
    const side = 3 + context.lineWidth * 0.8;
    context.beginPath();
    context.moveTo(end.x, end.y);
    context.lineTo(end.x - side, end.y + tip * 1.2);
    context.lineTo(end.x + side, end.y + tip * 1.2);
    context.fill();
  },

  // The share of a call, and how often it was made, where its line is apart from others.
  told(view, edge) {
    const { context, graph, colors } = view;
    const share = Graph.share(graph, edge.weights);
    if (!(share > 0) || view.zoomed < 0.5) return;
    const points = Graph.course(graph, edge);
    const [a, b] = graph.callers[edge.to] > graph.callees[edge.from] ? points.slice(0, 2) : points.slice(-2);
    const [x, y] = [(a.x + b.x) / 2, (a.y + b.y) / 2];
    const calls = edge.calls?.[graph.side] ?? 0;
    const text = percent(share, 1) + (calls > 0 ? ` ${grouped(calls)}\u00d7` : '');
    context.font = SMALL_FONT;
    const width = context.measureText(text).width;
    context.globalAlpha = 0.85;
    context.fillStyle = colors.line;
    context.fillRect(x - width / 2 - 2, y - 6, width + 4, 12);
    context.globalAlpha = 1;
    context.fillStyle = colors.text;
    context.fillText(text, x - width / 2, y + 0.5);
    context.font = FONT;
  },

  node(view, node) {
    const { context, graph, words, colors } = view;
    const style = view.style(node);
    const x = graph.x[node] - BOX.width / 2;
    const y = graph.y[node] - BOX.height / 2;
    const isMiddle = node === graph.centre;
    context.fillStyle = style.fill;
    context.beginPath();
    // Browsers before 2023 have no round ones.
    if (context.roundRect) context.roundRect(x, y, BOX.width, BOX.height, 5);
    else context.rect(x, y, BOX.width, BOX.height);
    context.fill();
    context.lineWidth = isMiddle || style.isChosen ? 2 : 1;
    context.strokeStyle = isMiddle || style.isChosen ? colors.chosen : colors.edge;
    context.stroke();
    context.fillStyle = style.text;
    const fn = graph.fn[node];
    const name = `${graph.recurs[node] ? '\u21bb ' : ''}${words.name(fn)} ${words.place(fn)}`;
    drawLabel(view, name.trimEnd(), x + 2, y + 12, BOX.width - 4);
    const own = graph.own[graph.side][node];
    const shares = [percent(graph.width[node], graph.width[0]), own > 0 ? `own ${percent(own, graph.width[0])}` : ''];
    drawLabel(view, shares.filter(Boolean).join('  ') + (graph.mark[node] === MARK.estimate ? ' ~' : ''), x + 2, y + 27, BOX.width - 4);
  },

  hit(view, x, y) {
    const { graph, zoomed } = view;
    const [left, top] = Graph.corner(view);
    const [px, py] = [(x - left) / zoomed, (y - top) / zoomed];
    for (let node = 1; node < graph.count; node++) {
      if (Math.abs(px - graph.x[node]) <= BOX.width / 2 && Math.abs(py - graph.y[node]) <= BOX.height / 2) return node;
    }
    return -1;
  },

  // Scrolls so that a node is in the middle, or only in the picture.
  reveal(view, node, isMiddle) {
    const { graph, zoomed, scroller } = view;
    const middles = { scrollLeft: [graph.x[node], scroller.clientWidth, BOX.width], scrollTop: [graph.y[node], scroller.clientHeight, BOX.height] };
    for (const [key, [at, room, size]] of Object.entries(middles)) {
      const place = at * zoomed;
      const isOutside = place - (size / 2) * zoomed < scroller[key] || place + (size / 2) * zoomed > scroller[key] + room;
      if (isMiddle || isOutside) scroller[key] = place - room / 2;
    }
  },
};
