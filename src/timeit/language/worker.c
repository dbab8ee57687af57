/* Times C for prof: the program that is built with the cases. The protocol is that of timeit::worker. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* The exit code when the code that is timed closed the channel. */
#define CUT_OFF 121
#define LOOK_EVERY 250000000LL

typedef long long number;

unsigned long long prof_next(unsigned long long left);

static FILE *requests;

/* Answers that were not sent yet. The code may fork, and the end of its child must not send them too, as that of stdio would. */
static struct {
    int descriptor;
    size_t used;
    char bytes[1 << 16];
} answers;

/* A message of rows lacks its end. */
static int is_open;

/* The row that runs. */
static struct {
    number index, loops, done, piece, wall, cpu, setup, thread;
    number called, began, piece_began, told, cpu_began, thread_began;
    struct rusage usage;
    int watched, has_left;
} row;

static number clock_of(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static struct rusage usage(void)
{
    struct rusage found;
    memset(&found, 0, sizeof found);
#ifdef RUSAGE_THREAD
    getrusage(RUSAGE_THREAD, &found);
#else
    getrusage(RUSAGE_SELF, &found);
#endif
    return found;
}

static void flush(void)
{
    for (size_t sent = 0; sent < answers.used;) {
        ssize_t count = write(answers.descriptor, answers.bytes + sent, answers.used - sent);
        if (count < 0 && errno != EINTR)
            _exit(CUT_OFF);
        sent += count > 0 ? (size_t)count : 0;
    }
    answers.used = 0;
}

/* Adds to the answers; none is as long as 1 KiB. */
static void add(const char *format, ...)
{
    va_list values;
    if (sizeof answers.bytes - answers.used < 1024)
        flush();
    va_start(values, format);
    answers.used += (size_t)vsnprintf(answers.bytes + answers.used, sizeof answers.bytes - answers.used, format, values);
    va_end(values);
}

static void end_rows(void)
{
    if (is_open)
        add(" /\n");
    is_open = 0;
}

/* Called by the code before its loops, and after each piece of them, with how many it left out: how many come next. */
unsigned long long prof_next(unsigned long long left)
{
    number now = clock_of(CLOCK_MONOTONIC);
    if (!row.began) {
        row.setup = now - row.called;
        row.piece = row.watched && row.loops > 64 ? 64 : row.loops;
        row.usage = usage();
        row.cpu_began = clock_of(CLOCK_PROCESS_CPUTIME_ID);
        row.thread_began = clock_of(CLOCK_THREAD_CPUTIME_ID);
        row.told = row.piece_began = row.began = clock_of(CLOCK_MONOTONIC);
        return row.piece;
    }
    row.has_left = left != 0;
    row.done += row.piece - (number)left;
    row.wall = now - row.began;
    if (row.done >= row.loops || row.has_left) {
        row.thread = clock_of(CLOCK_THREAD_CPUTIME_ID) - row.thread_began;
        row.cpu = clock_of(CLOCK_PROCESS_CPUTIME_ID) - row.cpu_began;
        return 0;
    }
    if (now - row.told > LOOK_EVERY) {
        row.cpu = clock_of(CLOCK_PROCESS_CPUTIME_ID) - row.cpu_began;
        end_rows();
        add("progress %lld %lld %lld %lld /\n", row.index, row.done, row.wall, row.cpu);
        flush();
        row.told = now;
    }
    /* Pieces of about 50 ms: long enough that they cost nothing. */
    if (now - row.piece_began < 25000000)
        row.piece *= 2;
    if (row.piece > row.loops - row.done)
        row.piece = row.loops - row.done;
    row.piece_began = clock_of(CLOCK_MONOTONIC);
    return row.piece;
}

static int take(number index, number place, number loops, int watched)
{
    memset(&row, 0, sizeof row);
    row.index = index;
    row.loops = loops;
    row.watched = watched;
    row.called = clock_of(CLOCK_MONOTONIC);
    prof_cases[place]();
    return row.done >= row.loops && !row.has_left && row.began;
}

static void run(char *words)
{
    int watched = (int)strtoll(words, &words, 10);
    number told = clock_of(CLOCK_MONOTONIC), index = 0;
    for (;; index++) {
        char *end;
        number given = strtoll(words, &end, 10);
        if (end == words)
            break;
        number loops = strtoll(end, &words, 10);
        int is_complete = take(index, prof_places[given], loops, watched);
        if (!is_complete) {
            const char *message = "the statement left the loop before its end";
            end_rows();
            add("error %lld %lld %lld %lld 1 0 / 5 %zu %zu\nerror%s%s", row.index, row.done, row.wall, row.cpu,
                strlen(message), strlen(message), message, message);
            flush();
            return;
        }
        struct rusage now = usage(), *before = &row.usage;
        struct rusage whole;
        getrusage(RUSAGE_SELF, &whole);
        add("%s %lld %lld %lld %lld %lld %lld %lld %lld", is_open ? "" : "rows", row.wall, row.thread, row.cpu,
                (number)(now.ru_nvcsw - before->ru_nvcsw), (number)(now.ru_nivcsw - before->ru_nivcsw),
                (number)(now.ru_minflt - before->ru_minflt + now.ru_majflt - before->ru_majflt),
                (number)whole.ru_maxrss * 1024, row.setup);
        is_open = 1;
        if (clock_of(CLOCK_MONOTONIC) - told > LOOK_EVERY) {
            end_rows();
            flush();
            told = clock_of(CLOCK_MONOTONIC);
        }
    }
    end_rows();
    add("done /\n");
    flush();
}

static int channel(const char *name)
{
    const char *path = getenv(name);
    int descriptor = path ? atoi(strrchr(path, '/') + 1) : -1;
    unsetenv(name);
    if (descriptor < 0 || fcntl(descriptor, F_SETFD, FD_CLOEXEC))
        exit(CUT_OFF);
    return descriptor;
}

int main(void)
{
    char *line = NULL;
    size_t size = 0;
    requests = fdopen(channel("PROF_REQUESTS"), "r");
    answers.descriptor = channel("PROF_ANSWERS");
    if (!requests)
        return CUT_OFF;
#ifdef __clang__
    const char *name = "clang", *version = __clang_version__;
    int length = (int)strcspn(version, " ");
#else
    const char *name = "gcc", *version = __VERSION__;
    int length = (int)strcspn(version, " ");
#endif
    add("hello 1 / %zu %d 0\n%s%.*s", strlen(name), length, name, length, version);
    flush();
    while (getline(&line, &size, requests) > 0) {
        char *texts = strchr(line, '/');
        if (!texts)
            return CUT_OFF;
        /* The texts of the cases were built in. */
        for (char *end = ++texts;; texts = end) {
            number length = strtoll(texts, &end, 10);
            if (end == texts)
                break;
            while (length-- > 0 && getc(requests) != EOF)
                ;
        }
        if (!strncmp(line, "prepare ", 8)) {
            number collect, mode, place;
            if (sscanf(line + 8, "%lld %lld %lld", &collect, &mode, &place) != 3)
                return CUT_OFF;
            prof_places[prof_known++] = place;
            add("ready /\n");
            flush();
        } else if (!strncmp(line, "run ", 4)) {
            *strchr(line, '/') = 0;
            run(line + 4);
        }
    }
    return 0;
}
