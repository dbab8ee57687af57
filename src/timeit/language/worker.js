// Times JavaScript for prof, in Node.js. The protocol is that of timeit::worker.
(() => {
  'use strict';
  const fs = require('fs');
  const vm = require('vm');

  const VERSION = 1;
  // The exit code when the code that is timed closed the channel.
  const CUT_OFF = 121;
  const LOOK_EVERY = 250000000n;
  // Loops up to this count with small integers.
  const MOST = 2 ** 30;

  // The code that is timed may replace any of these in its module.
  const { readSync, writeSync, openSync } = fs;
  const { exit, listenerCount, cpuUsage, resourceUsage, threadCpuUsage } = process;
  const now = process.hrtime.bigint;

  const descriptor = (name) => {
    const number = Number(process.env[name].match(/\d+$/)[0]);
    delete process.env[name];
    return number;
  };
  const requests = descriptor('PROF_REQUESTS');
  const answers = descriptor('PROF_ANSWERS');

  let data = Buffer.alloc(0);

  const leave = (code) => exit.call(process, code);

  // What failed after its sample, in what the code left for later: nothing waits for that, so it is told next.
  let late;

  // There is no more to do.
  function end() {
    if (!late) leave(0);
    try {
      writeSync(2, `${describe(late.error)[2][2]}\n`);
    } catch {
      // It is told without words.
    }
    leave(1);
  }

  function more() {
    const piece = Buffer.allocUnsafe(65536);
    let count;
    try {
      count = readSync(requests, piece, 0, piece.length, null);
    } catch {
      leave(CUT_OFF);
    }
    if (count === 0) end();
    data = Buffer.concat([data, piece.subarray(0, count)]);
  }

  function take(length) {
    while (data.length < length) more();
    const piece = data.subarray(0, length).toString();
    data = data.subarray(length);
    return piece;
  }

  function hear() {
    while (!data.includes(10)) more();
    const head = take(data.indexOf(10) + 1);
    const [words, lengths] = head.split('/').map((part) => part.split(/\s+/).filter(Boolean));
    return { kind: words[0], numbers: words.slice(1).map(Number), texts: lengths.map((length) => take(Number(length))) };
  }

  function say(kind, numbers = [], texts = []) {
    const bodies = texts.map((text) => Buffer.from(String(text)));
    const head = `${[kind, ...numbers].join(' ')} /${bodies.map((body) => ` ${body.length}`).join('')}\n`;
    let rest = Buffer.concat([Buffer.from(head), ...bodies]);
    try {
      while (rest.length) rest = rest.subarray(writeSync(answers, rest, 0, rest.length));
    } catch {
      leave(CUT_OFF);
    }
  }

  // The row that runs, and whether progress is wanted.
  let row;
  let watched = false;

  const progress = () => (row ? [row.index, row.done, row.wall, row.cpu] : [0, 0, 0, 0]);

  const microseconds = ({ user, system }) => user + system;
  const threadTime = () => (threadCpuUsage ? microseconds(threadCpuUsage.call(process)) * 1000 : -1);

  // What the system knows of the main thread alone: others of the process collect garbage and compile.
  let status;
  try {
    status = openSync(`/proc/self/task/${process.pid}/status`);
  } catch {
    status = undefined;
  }
  const text = Buffer.alloc(8192);

  // Voluntary and involuntary switches, page faults, and the peak of memory in bytes.
  function counts() {
    const all = resourceUsage.call(process);
    let switches = [all.voluntaryContextSwitches, all.involuntaryContextSwitches];
    if (status !== undefined) {
      const found = text.latin1Slice(0, readSync(status, text, 0, text.length, 0)).match(/ctxt_switches:\s+(\d+)/g);
      if (found) switches = found.map((one) => Number(one.slice(15)));
    }
    return [...switches, all.minorPageFault + all.majorPageFault, all.maxRSS * 1024];
  }

  // Called by the code before its loops, and after each piece of them: how many come next.
  function next() {
    const end = now();
    if (row.began === undefined) {
      row.setup = Number(end - row.called);
      row.before = counts();
      row.thread = threadTime();
      row.piece = watched ? Math.min(16, row.loops) : Math.min(MOST, row.loops);
      row.usage = cpuUsage.call(process);
      row.told = row.began = now();
      row.begin = row.began;
      return row.piece;
    }
    row.done += row.piece;
    row.wall = Number(end - row.began);
    if (row.done >= row.loops) {
      row.cpu = microseconds(cpuUsage.call(process, row.usage)) * 1000;
      row.isDone = true;
      return 0;
    }
    if (watched && end - row.told > LOOK_EVERY) {
      row.cpu = microseconds(cpuUsage.call(process, row.usage)) * 1000;
      say('progress', progress());
      row.told = end;
    }
    // Pieces of about 50 ms: long enough that they cost nothing.
    const most = end - row.begin < 25000000n ? row.piece * 2 : end - row.begin > 100000000n ? Math.ceil(row.piece / 2) : row.piece;
    row.piece = Math.min(most, row.loops - row.done, MOST);
    row.begin = now();
    return row.piece;
  }

  class Case {
    constructor(setup, statement) {
      const filename = `<prof ${cases.length}>`;
      this.setup = setup;
      this.lines = setup.split('\n').length;
      parse(setup, '<setup>');
      const expression = statement.replace(/[\s;]+$/, '');
      const isExpression = parses(`(${expression}\n)`) && parses(`[${expression}\n]`);
      if (!isExpression) parse(statement, '<stmt>');
      // The value goes into a variable that is returned: it cannot be left out as unused. V8 places an unknown name that is all
      // of what is assigned at the variable, which is ours; behind a comma it has its own place.
      const body = isExpression ? `__prof_value = (0,\n${expression}\n);` : `\n${statement}\n`;
      const code =
        `${setup}\n;let __prof_value;` +
        'for (let __prof_count; (__prof_count = __prof_next()) > 0;)' +
        `for (let __prof_at = 0; __prof_at < __prof_count; __prof_at++) {${body}}\nreturn __prof_value;`;
      this.inner = vm.compileFunction(code, ['__prof_next', 'require'], { filename });
    }

    // Our numbers of lines are the user's, with those of the setup before those of the statement.
    place(line) {
      return line <= this.lines ? ['<setup>', line, 0] : ['<stmt>', line - this.lines - 1, 1];
    }
  }

  const load = require('module').createRequire(`${process.cwd()}/`);

  function parse(code, filename) {
    return new vm.Script(code, { filename });
  }

  function parses(code) {
    try {
      parse(code, '<prof>');
      return true;
    } catch {
      return false;
    }
  }

  function run(numbers) {
    const rows = [];
    watched = numbers[0] === 1;
    let told = now();
    row = undefined;
    try {
      for (let at = 1; at < numbers.length; at += 2) {
        row = { index: (at - 1) / 2, case: cases[numbers[at]], loops: numbers[at + 1], done: 0, wall: 0, cpu: 0 };
        row.called = now();
        row.value = row.case.inner(next, load);
        if (!row.isDone) throw new Error('the statement left the loop before its end');
        const { before } = row;
        const after = counts();
        const thread = threadTime();
        rows.push(
          row.wall,
          thread < 0 ? -1 : thread - row.thread,
          row.cpu,
          after[0] - before[0],
          after[1] - before[1],
          after[2] - before[2],
          after[3],
          row.setup
        );
        // Whoever looks at long rows wants those before them, too.
        if (watched || now() - told > LOOK_EVERY) {
          say('rows', rows.splice(0));
          told = now();
        }
      }
    } catch (error) {
      say('rows', rows);
      throw error;
    }
    row = undefined;
    say('done', rows);
  }

  // Part, line, and type, message and what to show, in the user's own lines: no frame of ours.
  function describe(error, current) {
    // Without a better place, it is the one that runs.
    let part = current ? Number(current.began !== undefined) : -1;
    let line = 0;
    if (!(error && error.stack)) return [part, line, [typeof error, String(error), `Uncaught ${String(error)}`]];
    const lines = String(error.stack).split('\n');
    const isFrame = (one) => /^ +at /.test(one);
    const syntax = error.name === 'SyntaxError' && lines[0].match(/^<(setup|stmt)>:(\d+)$/);
    if (syntax) {
      const shown = lines.filter((one) => one && !isFrame(one)).join('\n');
      return [Number(syntax[1] === 'stmt'), Number(syntax[2]), [error.name, error.message, shown]];
    }
    const ours = /^( +at )(?:(.*) \()?<prof (\d+)>:(\d+):(\d+)\)?$/;
    const last = lines.findLastIndex((one) => ours.test(one));
    const shown = lines
      .filter((one, at) => at <= last || !isFrame(one))
      .map((one, index) => {
        const found = one.match(ours);
        if (!found) return one;
        const [, start, caller, at, number, column] = found;
        const [name, place, which] = cases[at].place(Number(number));
        [part, line] = [which, place];
        // The name of the function that holds it all says nothing.
        return caller && index < last ? `${start}${caller} (${name}:${place}:${column})` : `${start}${name}:${place}:${column}`;
      });
    return [part, line, [error.name, error.message, shown.join('\n')]];
  }

  const cases = [];

  function serve() {
    const { kind, numbers, texts } = hear();
    try {
      if (late) {
        const { error } = late;
        late = undefined;
        row = undefined;
        throw error;
      }
      if (kind === 'prepare') {
        row = undefined;
        cases.push(new Case(...texts));
        say('ready');
      } else if (kind === 'run') {
        run(numbers);
      } else {
        end();
      }
    } catch (error) {
      let told = [-1, 0, ['Error', 'it cannot be told what failed', '']];
      try {
        told = describe(error, row);
      } catch {
        // It may have been made to deceive.
      }
      say('error', [...progress(), told[0], told[1]], told[2]);
      row = undefined;
    }
    // What the code left for later has its turn between requests.
    setImmediate(serve);
  }

  for (const event of ['uncaughtException', 'unhandledRejection']) {
    process.on(event, (error) => {
      // Code that listens itself knows what to do.
      if (listenerCount.call(process, event) === 1) late ??= { error };
    });
  }
  const { bun, node } = process.versions;
  say('hello', [VERSION], [bun ? 'Bun' : 'Node.js', bun || node, process.execPath]);
  serve();
})();
