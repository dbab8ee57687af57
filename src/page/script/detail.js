// The panel beside: the chosen function with its callers, what it calls, and its source; or the profile as a whole.

const SHOWN_AT_FIRST = 50;

class Detail {
  constructor(model, words, app) {
    Object.assign(this, { model, words, app });
    this.panel = document.getElementById('detail');
  }

  show() {
    const { fn } = this.app.state;
    this.panel.replaceChildren(...(fn < 0 ? this.whole() : this.ofFunction(fn)));
    this.panel.scrollTop = 0;
  }

  ofFunction(fn) {
    const { words, model } = this;
    const path = words.path(fn);
    return [
      element('h2', { 'data-fn': fn }, words.name(fn)),
      element('p', { class: 'path' }, path || this.kindOf(fn)),
      this.numbers(fn),
      ...this.where(),
      this.edges(fn, true),
      this.edges(fn, false),
      ...this.source(model.sources.get(fn)),
    ];
  }

  kindOf(fn) {
    const { kind } = this.model;
    if (kind[fn] === KIND.builtin) return 'built in, without a file';
    if (kind[fn] === KIND.synthetic) return 'not a function: what was left out to keep the page small';
    return 'without a file';
  }

  numbers(fn) {
    const { words, model } = this;
    const { before, after, about } = model;
    const total = about.widths[1];
    const rows = [];
    const add = (name, text, more) => rows.push(element('dt', {}, name), element('dd', {}, text, more ? element('small', {}, more) : ''));
    const amount = (key, name) => {
      if (!about.comparison) return add(name, words.amount(after[key][fn]), percent(after[key][fn], total));
      const change = after[key][fn] - before[key][fn];
      const grown = before[key][fn] > 0 ? ` (${change > 0 ? '+' : ''}${percent(change, before[key][fn])})` : '';
      add(name, `${words.amount(before[key][fn])} \u2192 ${words.amount(after[key][fn])}`,
        `${change > 0 ? '+' : ''}${words.amount(change)}${grown}`);
      return undefined;
    };
    if (about.counts === 'calls') {
      const calls = (numbers) => words.calls(numbers.total[fn], numbers.primitive[fn]);
      add('calls', about.comparison ? `${calls(before)} \u2192 ${calls(after)}` : calls(after));
    } else if (about.counts === 'samples') {
      add('samples on the stack', grouped(after.total[fn]));
      add('samples on top', grouped(after.primitive[fn]));
    }
    amount('own', 'own');
    if (about.counts === 'calls' && !about.comparison && after.total[fn] > 0) {
      add('own per call', duration(after.own[fn] / after.total[fn]));
    }
    amount('cumulative', 'cumulative');
    if (about.counts === 'calls' && !about.comparison && after.primitive[fn] > 0) {
      add('cumulative per call', duration(after.cumulative[fn] / after.primitive[fn]));
    }
    if (about.comparison && !before.has[fn]) add('', 'only in the second profile');
    if (about.comparison && !after.has[fn]) add('', 'only in the first profile');
    return element('dl', { class: 'numbers' }, ...rows);
  }

  // The path to the chosen frame, each step a button.
  where() {
    const { state, chart } = this.app;
    if (state.node <= 0 || !zoomsIn(state.view)) return [];
    const { tree } = chart;
    if (tree.fn[state.node] !== state.fn) return [];
    const path = tree.path(state.node).slice(1);
    const steps = path.slice(-30).map((node) => element('li', {},
      element('button', { type: 'button', onclick: () => this.app.zoom(node, tree.fn[node], node) },
        this.words.name(tree.fn[node])),
      element('small', {}, percent(tree.width[node], tree.width[0]))));
    const cut = path.length > 30 ? ` (the last 30 of ${path.length} frames)` : '';
    const title = { reverse: 'What it was called for', files: 'Where it is' }[state.view] || 'Path to this frame';
    return [element('details', { class: 'where' }, element('summary', {}, `${title}, ${path.length} deep${cut}`),
      element('ol', {}, ...steps))];
  }

  edges(fn, isCallers) {
    const { model, words } = this;
    const { edges } = model;
    const list = [];
    if (isCallers) for (let edge = edges.callerStart[fn]; edge < edges.callerStart[fn + 1]; edge++) list.push(edge);
    else for (let at = edges.calleeStart[fn]; at < edges.calleeStart[fn + 1]; at++) list.push(edges.callees[at]);
    const { cumulative } = edges.after;
    list.sort((a, b) => cumulative[b] - cumulative[a] || a - b);
    const title = isCallers ? `Called by ${grouped(list.length)}` : `Calls ${grouped(list.length)}`;
    const hint = isCallers ? 'Time of this function when each called it' : 'Time of each when this function called it';
    const body = element('tbody');
    const base = Math.max(model.after.cumulative[fn], 1);
    const more = element('button', { type: 'button', class: 'more' });
    let shown = 0;
    const showMore = (count) => {
      for (const edge of list.slice(shown, shown + count)) body.append(this.edge(edge, isCallers, base));
      shown = Math.min(list.length, shown + count);
      more.hidden = shown >= list.length;
      more.textContent = `${grouped(list.length - shown)} more`;
    };
    more.addEventListener('click', () => showMore(500));
    showMore(SHOWN_AT_FIRST);
    if (isCallers) body.append(...this.noCaller(fn, list));
    const heads = this.model.about.counts === 'calls' ? ['time', 'calls', 'function'] : [words.isTime ? 'time' : 'samples', 'function'];
    const head = element('thead', {}, element('tr', {}, ...heads.map((name) => element('th', { scope: 'col' }, name))));
    const name = isCallers ? 'callers' : 'callees';
    return element('section', { class: 'edges', id: name },
      element('h3', { title: hint }, title),
      body.children.length ? element('table', { 'aria-label': isCallers ? 'Callers' : 'Callees' }, head, body) : '',
      more);
  }

  edge(edge, isCallers, base) {
    const { model, words } = this;
    const { edges, about } = model;
    const other = isCallers ? edges.caller[edge] : edges.callee[edge];
    const weight = edges.after.cumulative[edge];
    const time = element('td', { class: 'number share', title: percent(weight, base) }, words.amount(weight));
    time.style.setProperty('--share', `${Math.min(1, weight / base) * 100}%`);
    if (about.comparison) {
      const change = weight - edges.before.cumulative[edge];
      if (change !== 0) {
        time.append(element('small', { class: change > 0 ? 'grew' : 'shrank' }, `${change > 0 ? '+' : ''}${words.amount(change)}`));
      }
    }
    const cells = [time];
    if (about.counts === 'calls') {
      cells.push(element('td', { class: 'number' }, words.calls(edges.after.total[edge], edges.after.primitive[edge])));
    }
    const name = element('button', { type: 'button', title: words.path(other), onclick: () => this.app.choose(other, -1) },
      words.name(other));
    cells.push(element('td', { class: 'name' }, name, element('small', {}, words.place(other))));
    return element('tr', { 'data-fn': other }, ...cells);
  }

  // Calls without a caller in the dump: the start of the program or of a thread, or callers that never ended.
  noCaller(fn, list) {
    const { about, edges, after } = this.model;
    if (about.counts !== 'calls' || after.primitive[fn] < 0) return [];
    const known = list.reduce((sum, edge) => sum + edges.after.total[edge], 0);
    const rest = after.total[fn] - known;
    if (!(rest > 0) || !(known >= 0)) return [];
    return [element('tr', {}, element('td', { class: 'number' }), element('td', { class: 'number' }, grouped(rest)),
      element('td', { class: 'name' }, 'no caller recorded'))];
  }

  source(source) {
    if (!source) return [];
    const lines = source.text.split('\n').map((line, at) => element('li', { value: source.firstLine + at }, line || ' '));
    const remark = source.remark ? [element('p', { class: 'remark' }, source.remark)] : [];
    return [element('section', { class: 'source', id: 'source' }, element('h3', {}, 'Source'), ...remark,
      element('ol', { tabindex: '0', 'aria-label': 'Source lines' }, ...lines))];
  }

  whole() {
    const { model, words, app } = this;
    const { about } = model;
    const total = about.widths[1];
    const modules = groups(model, model.packageText, 0);
    const rows = modules.slice(0, 40).map(([text, weight, functions]) => {
      const share = element('td', { class: 'number share' }, words.amount(weight));
      share.style.setProperty('--share', `${total > 0 ? (weight / total) * 100 : 0}%`);
      const name = element('button', { type: 'button', title: 'Show only these functions', onclick: () => app.go({ only: `m${text}` }) },
        model.texts[text] || '(no module)');
      return element('tr', {}, share, element('td', { class: 'number' }, percent(weight, total)),
        element('td', { class: 'name' }, name, element('small', {}, counted(functions, 'function'))));
    });
    const rest = modules.length > 40 ? [element('p', { class: 'remark' }, `${modules.length - 40} more modules: see \u201cOnly\u201d above`)] : [];
    return [
      element('h2', {}, 'Modules by own time'),
      element('p', { class: 'path' }, 'Choose a function in the chart or the table to see its callers and what it calls.'),
      element('table', { 'aria-label': 'Modules' }, element('tbody', {}, ...rows)),
      ...rest,
      ...about.remarks.map((remark) => element('p', { class: 'remark' }, remark)),
    ];
  }
}
