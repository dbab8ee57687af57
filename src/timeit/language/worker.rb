# Times Ruby for prof. The protocol is that of timeit::worker.
class ProfWorker
  VERSION = 1
  # The exit code when the code that is timed closed the channel.
  CUT_OFF = 121
  LOOK_EVERY = 250_000_000
  # Loops come in pieces of about this time.
  PIECE = 20_000_000
  # The collector is off while the loops run: so many bytes or objects later it runs between two pieces.
  MOST_BYTES = 64 << 20
  MOST_OBJECTS = 1_000_000
  NAME = "<prof>"
  PID = Process.pid
  WALL = Process::CLOCK_MONOTONIC
  THREAD = Process::CLOCK_THREAD_CPUTIME_ID
  PROCESS = Process::CLOCK_PROCESS_CPUTIME_ID

  class Closed < StandardError; end

  # A setup that runs again defines its constants again.
  module Again
    def warn(message, **rest)
      again = /\A#{NAME}:\d+: warning: (already initialized constant|previous definition of)/
      super unless again.match?(message)
    end
  end

  # One case: a lambda that holds the setup and the loop.
  class Case
    attr_reader :inner, :collect
    # Nanoseconds a loop took last.
    attr_accessor :pace

    def initialize(collect, setup, statement)
      @collect = collect
      @lines = setup.count("\n") + 1
      check(setup, "<setup>")
      check(statement, "<stmt>")
      head = "lambda do |__prof_next|\n#{setup}\n" \
             "while (__prof_count = __prof_next.call); __prof_at = 0; while __prof_at < __prof_count;"
      tail = "__prof_at += 1; end; end; end"
      # A value that nothing takes is not even built.
      kept = "#{head} __prof_value = (begin\n#{statement}\nend)\n#{tail}"
      plain = "#{head}\n#{statement}\n#{tail}"
      @inner = (lambda_of(kept) unless assigns_many?(statement)) || lambda_of(plain) || raise(@error)
    end

    # Our numbers of lines are the user's, with those of the setup before those of the statement.
    def place(line)
      line <= @lines ? ["<setup>", line, 0] : ["<stmt>", line - @lines - 1, 1]
    end

    private

    def lambda_of(code)
      eval(code, TOPLEVEL_BINDING.dup, NAME, 0)
    rescue SyntaxError => error
      # Such as `break`, which has no value.
      @error = error
      nil
    end

    # Does it end as `a, b = b, a` does? An array is built of these only where someone takes the value.
    def assigns_many?(code)
      body = RubyVM::AbstractSyntaxTree.parse(code).children.last
      body = body.children.last if body&.type == :BLOCK
      body&.type == :MASGN
    rescue NameError, NotImplementedError, SyntaxError
      code.match?(/\A[\w\s@$]+,[\w\s@$,]+=[^=~>]/)
    end

    def check(code, name)
      RubyVM::InstructionSequence.compile(code, name) if defined?(RubyVM::InstructionSequence)
    end
  end

  # One sample while it is taken.
  class Row
    attr_reader :index, :kase, :done, :wall, :cpu, :setup, :result

    def initialize(worker, index, kase, loops, watched)
      @worker = worker
      @index = index
      @kase = kase
      @loops = loops
      @watched = watched
      @done = @wall = @cpu = @thread = @setup = 0
      @began = nil
    end

    def take
      before = nil
      step = method(:step)
      steps = lambda do
        before ||= @worker.counts
        step.call
      end
      @called = Process.clock_gettime(WALL, :nanosecond)
      begin
        @kase.inner.call(steps)
      ensure
        GC.enable
      end
      raise "the statement left the loop before its end" if @done < @loops

      @kase.pace = [@wall.fdiv(@loops), 0.1].max if @loops > 0
      after = @worker.counts
      @result = [@wall, @thread, @cpu, after[0] - before[0], after[1] - before[1], -1, after[2], @setup]
    end

    def progress
      [@index, @done, @wall, @cpu]
    end

    # The part that runs.
    def part
      @began ? 1 : 0
    end

    private

    # Called by the code before its loops, and after each piece of them: how many come next.
    def step
      now = Process.clock_gettime(WALL, :nanosecond)
      if @began.nil?
        @setup = now - @called
        @told = now
        @piece = [@kase.pace ? [(PIECE / @kase.pace).to_i, 1].max : 16, @loops].min
        GC.disable unless @kase.collect
        @objects = GC.stat(:total_allocated_objects)
      else
        process = Process.clock_gettime(PROCESS, :nanosecond)
        thread = Process.clock_gettime(THREAD, :nanosecond)
        took = now - @began
        @wall += took
        @cpu += process - @process
        @thread += thread - @thread_began
        @done += @piece
        return nil if @done >= @loops

        if @watched && now - @told > LOOK_EVERY
          @worker.say("progress", progress)
          @told = now
        end
        collect unless @kase.collect
        @piece = took < PIECE / 2 ? @piece * 2 : took > PIECE * 2 ? [@piece / 2, 1].max : @piece
        @piece = [@piece, @loops - @done].min
      end
      @thread_began = Process.clock_gettime(THREAD, :nanosecond)
      @process = Process.clock_gettime(PROCESS, :nanosecond)
      @began = Process.clock_gettime(WALL, :nanosecond)
      @piece
    end

    def collect
      objects = GC.stat(:total_allocated_objects)
      return if objects - @objects < MOST_OBJECTS && GC.stat(:malloc_increase_bytes) < MOST_BYTES

      GC.enable
      GC.start(full_mark: false)
      GC.disable
      @objects = objects
    end
  end

  def initialize
    @requests = file("PROF_REQUESTS", "rb")
    @answers = file("PROF_ANSWERS", "wb")
    @answers.sync = true
    @cases = []
    @row = nil
    # Those of the main thread, which runs the code.
    @status = File.open("/proc/self/status") if File.readable?("/proc/self/status")
    Warning.singleton_class.prepend(Again)
  end

  def serve
    say("hello", [VERSION], [RUBY_ENGINE == "ruby" ? "Ruby" : RUBY_ENGINE, RUBY_VERSION, executable])
    loop do
      kind, numbers, texts = hear
      case kind
      when "prepare"
        @row = nil
        @cases << Case.new(numbers[0] == 1, *texts)
        say("ready")
      when "run"
        run(numbers[0] == 1, numbers[1..].each_slice(2))
      else
        return
      end
    rescue Closed
      return
    rescue Exception => error
      say("error", (@row ? @row.progress : [0] * 4) + describe(error).first(2), describe(error).last)
    end
  end

  def say(kind, numbers = [], texts = [])
    # A child that the code forked came back out of it.
    exit!(0) if Process.pid != PID
    texts = texts.map { |text| text.to_s.dup.force_encoding("BINARY") }
    head = [kind, *numbers, "/", *texts.map(&:bytesize)].join(" ")
    @answers.write("#{head}\n".b + texts.join)
  rescue SystemCallError, IOError
    exit!(CUT_OFF)
  end

  # Voluntary and involuntary switches, and the peak of memory in bytes; -1 where the system does not tell them.
  def counts
    text = @status ? @status.pread(8192, 0) : ""
    number = ->(name) { text[/^#{name}:\s+(\d+)/, 1] }
    memory = number["VmHWM"]
    [number["voluntary_ctxt_switches"].to_i, number["nonvoluntary_ctxt_switches"].to_i, memory ? memory.to_i * 1024 : -1]
  end

  private

  def file(name, mode)
    file = IO.for_fd(ENV.delete(name)[/\d+\z/].to_i, mode)
    file.close_on_exec = true
    file
  end

  def executable
    RbConfig.ruby
  rescue NameError
    ""
  end

  def hear
    head = @requests.gets or raise Closed
    words, lengths = head.split("/").map(&:split)
    texts = lengths.map { |length| @requests.read(length.to_i).to_s.force_encoding("UTF-8") }
    [words[0], words[1..].map(&:to_i), texts]
  rescue SystemCallError, IOError
    exit!(CUT_OFF)
  end

  def run(watched, plan)
    rows = []
    @row = nil
    told = Process.clock_gettime(WALL, :nanosecond)
    begin
      plan.each_with_index do |(kase, loops), index|
        @row = Row.new(self, index, @cases[kase], loops, watched)
        @row.take
        rows.concat(@row.result)
        now = Process.clock_gettime(WALL, :nanosecond)
        # Whoever looks at long rows wants those before them, too.
        next if !watched && now - told < LOOK_EVERY

        say("rows", rows)
        rows = []
        told = now
      end
    rescue Exception
      say("rows", rows)
      raise
    end
    @row = nil
    say("done", rows)
  end

  # Part, line, and type, message and what to show, in the user's own lines: no frame of ours.
  def describe(error)
    message = error.message.to_s.dup.force_encoding("UTF-8").scrub
    if error.is_a?(SyntaxError) && message =~ /<(setup|stmt)>:(\d+)/
      return [$1 == "setup" ? 0 : 1, $2.to_i, [error.class.name, message, message]]
    end
    # Without a better place, it is the one that runs.
    part = @row ? @row.part : -1
    line = 0
    kept = (error.backtrace || []).map do |frame|
      next [frame, false] unless @row && frame =~ /\A#{NAME}:(\d+)/

      name, line, part = @row.kase.place($1.to_i)
      # The name of our lambda says nothing.
      [frame.sub(/\A#{NAME}:\d+/, "#{name}:#{line}").sub(/:in [`'](block in )?<main>'\z/, ""), true]
    end
    last = kept.rindex(&:last)
    kept = last ? kept[0..last].map(&:first) : []
    shown = ["#{kept.first}#{": " if kept.any?}#{message} (#{error.class})"]
    shown += (kept[1..] || []).map { |frame| "\tfrom #{frame}" }
    [part, line, [error.class.name, message, shown.join("\n")]]
  end
end
ProfWorker.new.serve
