// Which functions are meant, and how much of the whole they are.

class Search {
  constructor(model, words) {
    this.model = model;
    this.words = words;
    this.labels = null;
  }

  // For each function 1 if it matches; null where nothing is searched for.
  matches(text) {
    const wanted = text.trim();
    if (!wanted) return { found: null, problem: '' };
    const regex = /^\/(.*)\/([imsu]*)$/.exec(wanted) || /^\/(.+)()$/.exec(wanted);
    let test;
    if (regex) {
      try {
        const pattern = new RegExp(regex[1], regex[2] || 'i');
        test = (label) => pattern.test(label);
      } catch (error) {
        return { found: null, problem: error.message };
      }
    } else {
      const lower = wanted.toLowerCase();
      test = (label) => label.includes(lower);
    }
    const { count } = this.model;
    if (!this.labels) {
      this.labels = Array.from({ length: count }, (_, fn) => {
        const path = this.words.path(fn);
        const name = this.words.name(fn);
        return path ? `${name} (${path})` : name;
      });
      this.lower = this.labels.map((label) => label.toLowerCase());
    }
    const labels = regex ? this.labels : this.lower;
    const found = new Uint8Array(count);
    for (let fn = 0; fn < count; fn++) if (test(labels[fn])) found[fn] = 1;
    return { found, problem: '' };
  }

  // The functions that a choice of `only` keeps; null for all.
  only(choice) {
    const { model } = this;
    const [kind, number] = [choice[0], Number(choice.slice(1))];
    const column = kind === 'm' ? model.packageText : kind === 'f' ? model.file : null;
    if (!column) return null;
    const found = new Uint8Array(model.count);
    for (let fn = 0; fn < model.count; fn++) {
      if (column[fn] === number && model.kind[fn] !== KIND.synthetic) found[fn] = 1;
    }
    return found;
  }
}

// Functions that match, their own weight, and that of the stacks with one of them, each stack counted once.
function measure(model, tree, side, found) {
  const numbers = side === 0 ? model.before : model.after;
  let functions = 0;
  let own = 0;
  for (let fn = 0; fn < model.listed; fn++) {
    if (!found[fn]) continue;
    functions++;
    own += numbers.own[fn];
  }
  let inside = 0;
  for (let node = 1; node < tree.count;) {
    if (found[tree.fn[node]]) {
      inside += tree.width[node];
      node = tree.end[node];
    } else node++;
  }
  return { functions, own, inside };
}

// Sums of own weight by a column of the functions, the largest first: [text number, weight, functions].
function groups(model, column, first) {
  const sums = new Map();
  for (let fn = 0; fn < model.listed; fn++) {
    const key = column[fn];
    if (key < first) continue;
    const sum = sums.get(key) || [key, 0, 0];
    sum[1] += model.after.own[fn];
    sum[2]++;
    sums.set(key, sum);
  }
  return [...sums.values()].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
}
