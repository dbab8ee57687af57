// Puts the parts together: every change goes through `go`, which keeps all views on the same choice.

class App {
  constructor(model) {
    this.model = model;
    this.words = new Words(model);
    this.colors = new Colors(model);
    this.search = new Search(model, this.words);
    this.links = new Links(model, this.words);
    this.more = this.findMore();
    this.found = null;
    this.kept = null;
    this.state = { ...START };
    this.detail = new Detail(model, this.words, this);
    this.chart = new Chart(model, this.words, this.colors, this);
    this.table = new Table(model, this.words, this);
    this.menu = new Menu(model, this.words, this);
    this.heading();
    this.choices();
    this.listen();
    this.theme(this.savedTheme());
    this.enter();
  }

  byId(id) {
    return document.getElementById(id);
  }

  findMore() {
    const { model } = this;
    for (let fn = model.listed; fn < model.count; fn++) {
      if (model.kind[fn] === KIND.synthetic && this.words.name(fn) === '(more)') return fn;
    }
    return -1;
  }

  heading() {
    const { about } = this.model;
    this.byId('title').textContent = about.title;
    const [before, after] = about.totals;
    // What is no number comes as a word.
    const seconds = ({ seconds }) => `${typeof seconds === 'number' ? seconds.toFixed(3) : seconds} seconds`;
    const calls = (totals) => counted(totals.calls, 'call') + (totals.calls === totals.primitive ? ''
      : ` (${grouped(totals.primitive)} primitive)`);
    const both = (text) => (about.comparison ? `${text(before)} \u2192 ${text(after)}` : text(after));
    const parts = [about.unit === 'ns' ? both(seconds) : both((totals) => counted(totals.seconds, 'sample'))];
    if (about.counts === 'calls') parts.push(both(calls));
    parts.push(counted(about.listed, 'function'));
    // The number of functions is said; the rest of the remarks stands with the modules, too.
    parts.push(...about.remarks.filter((remark) => !/^\d+ functions$/.test(remark)));
    this.byId('summary').textContent = parts.join(' \u00b7 ');
  }

  choices() {
    const { model, words } = this;
    const option = (value, text) => element('option', { value }, text);
    const total = model.about.widths[1];
    const list = (column, kind, first, name) => {
      const all = groups(model, column, first);
      const shown = all.slice(0, 300).map(([key, weight]) => option(`${kind}${key}`, `${name(key)}  ${percent(weight, total)}`));
      return [shown, all.length - shown.length];
    };
    const [modules, moreModules] = list(model.packageText, 'm', 0, (key) => model.texts[key] || '(no module)');
    const shortOf = new Map();
    for (let fn = 0; fn < model.listed; fn++) shortOf.set(model.file[fn], model.texts[model.short[fn]]);
    const [files, moreFiles] = list(model.file, 'f', 1, (key) => shortOf.get(key));
    const rest = (count) => (count > 0 ? ` (${count} more: use the search)` : '');
    this.byId('only').append(
      option('', 'everything'),
      element('optgroup', { label: `Modules${rest(moreModules)}` }, ...modules),
      element('optgroup', { label: `Files${rest(moreFiles)}` }, ...files),
    );
    this.byId('color').append(option('module', 'module'), option('own', 'own time'));
    if (model.about.comparison) {
      this.byId('color').append(option('change', 'change'));
      this.byId('side').append(option('1', 'after'), option('0', 'before'));
      this.byId('side-tool').hidden = false;
      START.color = 'change';
      START.sort = 'down';
    }
    this.byId('least').append(...SHARES.map((share) => option(share, `${share}%`)));
    if (!words.isTime) this.byId('color').querySelector('[value=own]').textContent = 'own samples';
  }

  listen() {
    for (const tab of document.querySelectorAll('[data-view]')) {
      tab.addEventListener('click', () => this.go({ view: tab.dataset.view }));
    }
    this.byId('views').addEventListener('keydown', (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!step) return;
      const next = VIEWS[(VIEWS.indexOf(this.state.view) + step + VIEWS.length) % VIEWS.length];
      this.go({ view: next });
      document.querySelector(`[data-view=${next}]`).focus();
    });
    const search = this.byId('search');
    search.addEventListener('input', () => this.go({ q: search.value }, this.state.q === ''));
    search.addEventListener('keydown', (event) => {
      if (event.key === 'Enter') this.nextMatch(event.shiftKey ? -1 : 1);
      else if (event.key === 'Escape') {
        event.preventDefault();
        search.value = '';
        this.go({ q: '' });
        search.blur();
      } else return;
      event.stopPropagation();
    });
    this.byId('only').addEventListener('change', (event) => this.go({ only: event.target.value }));
    this.byId('color').addEventListener('change', (event) => this.go({ color: event.target.value }));
    this.byId('least').addEventListener('change', (event) => this.go({ least: Number(event.target.value) }));
    this.byId('side').addEventListener('change', (event) => this.go({ side: Number(event.target.value) }));
    this.byId('up').addEventListener('click', () => this.zoomOut());
    this.byId('theme').addEventListener('click', () => this.theme(!this.colors.isDark, true));
    this.byId('help').addEventListener('click', () => this.byId('keys').showModal());
    window.addEventListener('popstate', () => this.enter());
    window.addEventListener('hashchange', () => this.enter());
    document.addEventListener('keydown', (event) => this.key(event));
    window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', (event) => this.theme(event.matches));
    this.splitter();
  }

  // The border between chart and table, by pointer and keys.
  splitter() {
    const splitter = this.byId('splitter');
    const main = document.querySelector('main');
    let share = 58;
    const set = (percent) => {
      share = Math.max(15, Math.min(85, percent));
      main.style.setProperty('--chart', `${share}fr`);
      main.style.setProperty('--table', `${100 - share}fr`);
      splitter.setAttribute('aria-valuenow', String(Math.round(share)));
    };
    set(share);
    splitter.addEventListener('pointerdown', (event) => {
      splitter.setPointerCapture(event.pointerId);
      event.preventDefault();
    });
    splitter.addEventListener('pointermove', (event) => {
      if (!splitter.hasPointerCapture(event.pointerId)) return;
      const box = main.getBoundingClientRect();
      set(((event.clientY - box.top) / box.height) * 100);
    });
    splitter.addEventListener('keydown', (event) => {
      const step = { ArrowUp: -5, ArrowDown: 5 }[event.key];
      if (!step) return;
      event.preventDefault();
      event.stopPropagation();
      set(share + step);
    });
  }

  savedTheme() {
    try {
      const saved = localStorage.getItem('prof-theme');
      if (saved) return saved === 'dark';
    } catch {
      // A browser may keep nothing for files.
    }
    return window.matchMedia('(prefers-color-scheme: dark)').matches;
  }

  theme(isDark, save = false) {
    document.documentElement.dataset.theme = isDark ? 'dark' : 'light';
    this.byId('theme').textContent = isDark ? 'Light' : 'Dark';
    this.colors.set(this.state.color, isDark);
    this.chart.redraw();
    this.table.redraw();
    if (!save) return;
    try {
      localStorage.setItem('prof-theme', isDark ? 'dark' : 'light');
    } catch {
      // As above.
    }
  }

  key(event) {
    const { target } = event;
    const isTyping = target instanceof HTMLInputElement || target instanceof HTMLSelectElement;
    if (isTyping || event.ctrlKey || event.metaKey || event.altKey || this.byId('keys').open) return;
    const view = VIEWS[Number(event.key) - 1];
    if (view) this.go({ view });
    else if (event.key === '/') this.byId('search').focus();
    else if (event.key === '?') this.byId('keys').showModal();
    else if (event.key === 'd') this.theme(!this.colors.isDark, true);
    else if (event.key === 'Backspace' || event.key === 'Escape') this.zoomOut();
    else if (event.key === 'Home' && this.state.view === 'graph') this.zoomOut();
    else if (event.key === 'Home') this.zoom(0, this.state.fn, -1);
    else return;
    event.preventDefault();
  }

  // Changes what is to be seen. Each change is a step of the browser's history, but a word that is typed and a walk by
  // keys are one: `isStep` is false for all but their first.
  go(change, isStep = true) {
    const before = this.state;
    this.state = { ...before, ...change };
    if (change.view && !('node' in change)) this.state.node = -1;
    this.apply(before);
    const link = `#${this.links.write(this.state, this.chart)}`;
    if (link === (location.hash || '#')) return;
    this.link = link;
    try {
      history[isStep ? 'pushState' : 'replaceState'](null, '', link);
    } catch {
      // Browsers that count such changes refuse more than some in a second.
      location.hash = link;
    }
  }

  // Takes the state from the link. Two events tell of one step back.
  enter() {
    if (this.link === (location.hash || '#')) return;
    const before = this.link === undefined ? null : this.state;
    this.link = location.hash || '#';
    const treeOf = (view) => {
      this.state = { ...this.state, view };
      return this.chart.tree;
    };
    this.state = this.links.read(location.hash, treeOf);
    this.apply(before);
    if (this.state.fn >= 0) this.table.reveal(this.state.fn);
  }

  // Brings everything in line with the state; `before` is what was shown, if anything was.
  apply(before) {
    const { state, chart } = this;
    const isNew = (...keys) => !before || keys.some((key) => before[key] !== state[key]);
    if (isNew('q')) {
      const { found, problem } = this.search.matches(state.q);
      this.found = found;
      this.problem = problem;
      if (document.activeElement !== this.byId('search')) this.byId('search').value = state.q;
    }
    if (isNew('only')) {
      this.kept = state.only ? this.search.only(state.only) : null;
      this.showOnly();
    }
    if (isNew('color')) this.colors.set(state.color, this.colors.isDark);
    if (isNew('side')) chart.layAgain();
    if (isNew('q', 'only', 'side')) this.tellMatches();
    if (isNew('q', 'only', 'sort', 'up')) {
      this.table.sort();
      this.table.scroller.scrollTop = 0;
    }
    chart.root = state[rootKey(state.view)];
    this.byId('color').value = state.color;
    this.byId('side').value = String(state.side);
    this.byId('least').value = String(state.least);
    this.byId('least-tool').hidden = state.view !== 'graph';
    this.byId('up').disabled = state.view === 'graph' ? state.fn < 0 : chart.root === 0 || !zoomsIn(state.view);
    if (isNew('view')) this.showView();
    if (isNew('view') || isNew('root', 'reverseRoot', 'filesRoot') || (state.view === 'sandwich' && isNew('fn'))
      || (state.view === 'graph' && isNew('fn', 'least'))) {
      chart.leave();
      chart.toBeginning();
      chart.canvas.setAttribute('role', 'img');
      chart.canvas.setAttribute('aria-label', `${state.view} chart; the same numbers are in the table of functions. Arrow keys walk through the frames.`);
    }
    if (isNew('fn', 'node', 'view')) this.detail.show();
    chart.redraw();
    this.table.redraw();
  }

  showView() {
    const { view } = this.state;
    document.documentElement.dataset.view = view;
    for (const tab of document.querySelectorAll('[data-view]')) {
      const isShown = tab.dataset.view === view;
      tab.setAttribute('aria-selected', String(isShown));
      tab.tabIndex = isShown ? 0 : -1;
    }
    this.byId('left-out').textContent = '';
  }

  // A file beyond those that the list names can be meant by a link.
  showOnly() {
    const select = this.byId('only');
    const { only } = this.state;
    if (only && ![...select.options].some((option) => option.value === only)) {
      const text = this.model.texts[Number(only.slice(1)) - (only[0] === 'f' ? 1 : 0)];
      select.append(element('option', { value: only }, text));
    }
    select.value = only;
  }

  tellMatches() {
    const { words, model } = this;
    const out = this.byId('matched');
    out.classList.toggle('problem', Boolean(this.problem));
    const { found, kept } = this;
    out.hidden = !this.problem && !found && !kept;
    if (this.problem) out.textContent = `This is no regular expression: ${this.problem}`;
    else if (found || kept) {
      const both = new Uint8Array(model.count);
      for (let fn = 0; fn < model.count; fn++) both[fn] = (!found || found[fn]) && (!kept || kept[fn]) ? 1 : 0;
      const { functions, own, inside } = measure(model, model.tree, this.state.side, both);
      const total = model.about.widths[this.state.side];
      const text = `${counted(functions, 'function')} \u00b7 own ${words.amount(own)}, ${percent(own, total) || '0%'}`
        + ` \u00b7 in stacks with them ${words.amount(inside)}, ${percent(inside, total) || '0%'}`;
      out.replaceChildren(text, element('button', { type: 'button', onclick: () => this.clear() }, 'Show all'));
    }
  }

  clear() {
    this.byId('search').value = '';
    this.go({ q: '', only: '' });
  }

  nextMatch(step) {
    const { order } = this.table;
    if (!order.length) return;
    const now = order.indexOf(this.state.fn);
    this.choose(order[(now + step + order.length) % order.length], -1, true);
  }

  sortBy(key) {
    const isSame = this.state.sort === key;
    this.go({ sort: key, up: isSame ? !this.state.up : key === 'name' });
  }

  choose(fn, node = -1, fromTable = false) {
    if (fn < 0) return;
    this.go({ fn, node }, !fromTable || this.state.fn < 0);
    this.table.reveal(fn);
    if (!fromTable) return;
    this.byId('status').textContent = this.sentence(fn);
  }

  zoom(to, fn, node) {
    this.go({ [rootKey(this.state.view)]: to, fn: fn < 0 ? this.state.fn : fn, node });
    if (fn >= 0) this.table.reveal(fn);
  }

  zoomOut() {
    const { chart, state } = this;
    if (state.view === 'graph') return this.go({ fn: -1, node: -1 });
    if (!zoomsIn(state.view) || chart.root === 0) return undefined;
    return this.zoom(chart.tree.parent[chart.root], -1, state.node);
  }

  sentence(fn) {
    const { words, model } = this;
    const total = model.about.widths[1];
    const { own, cumulative } = model.after;
    return `${words.label(fn)}: own ${words.amount(own[fn])} (${percent(own[fn], total) || '0%'}), `
      + `cumulative ${words.amount(cumulative[fn])} (${percent(cumulative[fn], total) || '0%'})`;
  }

  describe(tree, node) {
    const { words } = this;
    if (node < 0) return;
    const own = tree.own[Math.min(this.state.side, tree.own.length - 1)][node];
    const total = tree.width[0];
    const kind = ['', ', an estimate', ', recursion', ''][tree.mark[node]];
    this.byId('status').textContent = `${words.label(tree.fn[node], tree.mark[node])}: ${words.amount(tree.width[node])}, `
      + `${percent(tree.width[node], total)} of ${this.wholeOf(tree)}, own ${words.amount(own)}${kind}`;
  }

  // What a share is of: in a graph of a function, of that.
  wholeOf(tree) {
    return tree.centre > 0 ? this.words.name(tree.fn[tree.centre]) : 'all';
  }

  // What floats beside the pointer.
  tip(tree, node) {
    const { words, model } = this;
    const fn = tree.fn[node];
    const row = (name, text) => element('div', {}, element('span', {}, name), text);
    const own = tree.own[Math.min(this.state.side, tree.own.length - 1)][node];
    const parts = [element('b', {}, words.name(fn))];
    const path = words.path(fn);
    if (path) parts.push(element('p', {}, path));
    parts.push(row(tree.centre > 0 ? 'with it' : 'here', `${words.amount(tree.width[node])}  ${percent(tree.width[node], tree.width[0])}`));
    if (own > 0) parts.push(row('own here', `${words.amount(own)}  ${percent(own, tree.width[0])}`));
    if (tree.widths.length === 2) {
      const change = tree.widths[1][node] - tree.widths[0][node];
      parts.push(row('change', `${change > 0 ? '+' : ''}${words.amount(change)}`));
    }
    if (fn >= 0 && fn < model.listed) {
      parts.push(row('in all', `own ${words.amount(model.after.own[fn])}, cumulative ${words.amount(model.after.cumulative[fn])}`));
      if (model.about.counts === 'calls') parts.push(row('calls', words.calls(model.after.total[fn], model.after.primitive[fn])));
    }
    if (tree.mark[node] === MARK.estimate) parts.push(element('p', {}, '~ an estimate: this path is not in the dump'));
    if (tree.mark[node] === MARK.recursion) parts.push(element('p', {}, '\u21bb calls back into a function above'));
    return parts;
  }

  tellLeftOut(count) {
    const { view } = this.state;
    const cut = view === 'reverse' ? this.chart.tree.leftOut : 0;
    const { leftOut: below, beyond } = view === 'graph' ? this.chart.graph : { leftOut: 0, beyond: 0 };
    const parts = [];
    if (count > 0) parts.push(`${counted(count, 'frame')} too small to draw: zoom in to see more`);
    if (cut > 0) parts.push(`${grouped(cut)} small ones in (more)`);
    if (below > 0) parts.push(`${counted(below, 'function')} with less than ${this.state.least}% left out`);
    if (beyond > 0) parts.push(`${grouped(beyond)} more left out: only the largest ${GRAPH.nodes} are drawn`);
    this.byId('left-out').textContent = parts.join(' \u00b7 ');
  }
}

// A page that its own server sends loads itself again when the profile has changed; the link keeps the state.
function follow() {
  const changes = new EventSource('changes');
  changes.addEventListener('changed', () => location.reload());
  changes.addEventListener('problem', (event) => {
    const problem = document.getElementById('problem');
    problem.hidden = false;
    problem.textContent = JSON.parse(event.data);
  });
}

async function start() {
  const about = JSON.parse(document.getElementById('about').textContent);
  const data = document.getElementById('data');
  const bytes = await unpack(data.textContent.trim());
  data.remove();
  const model = decode(bytes, about);
  document.getElementById('app').hidden = false;
  document.getElementById('loading').remove();
  const app = new App(model);
  app.table.draw();
  app.chart.draw();
  performance.mark('prof-drawn');
  if (about.live) follow();
}

start().catch((error) => {
  const loading = document.getElementById('loading');
  const text = `This page cannot be shown: ${error.message}`;
  if (loading) loading.textContent = text;
  else {
    const problem = document.getElementById('problem');
    problem.hidden = false;
    problem.textContent = text;
  }
  throw error;
});
