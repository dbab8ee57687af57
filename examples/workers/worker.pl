#!/usr/bin/perl
# Times Perl for prof: a worker in a language that prof does not know. The protocol is described in the documentation of
# prof::timeit::worker; prof.toml beside this file makes it known:
#
#     prof timeit --config examples/workers/prof.toml --lang perl 'join ",", 1 .. 100'
use strict;
use warnings;
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC CLOCK_PROCESS_CPUTIME_ID);

# The user's code is compiled here, where it sees no variable of ours.
sub compiled { no strict; no warnings; return eval $_[0] }

my $LOOK_EVERY = 250_000_000;
my @cases;
my $row;

open my $requests, '<:raw', $ENV{PROF_REQUESTS} or exit 121;
open my $answers, '>:raw', $ENV{PROF_ANSWERS} or exit 121;
$answers->autoflush(1);

sub wall { return int(clock_gettime(CLOCK_MONOTONIC) * 1e9) }
sub cpu { return int(clock_gettime(CLOCK_PROCESS_CPUTIME_ID) * 1e9) }

# A message: kind, numbers, texts.
sub say_it {
    my ($kind, $numbers, @texts) = @_;
    utf8::encode($_) for grep { utf8::is_utf8($_) } @texts;
    my $head = join ' ', $kind, @$numbers, '/', map { length } @texts;
    print {$answers} "$head\n", @texts or exit 121;
}

sub hear {
    my $head = <$requests>;
    return unless defined $head;
    my ($words, $lengths) = split m{/}, $head;
    my @texts = map { my $text = ''; read $requests, $text, $_; $text } split ' ', $lengths;
    my ($kind, @numbers) = split ' ', $words;
    return ($kind, \@numbers, @texts);
}

# The loop stands behind the setup, so that it sees its variables. It comes in pieces: after each one we may look up, and what
# is left of it tells whether the statement left the loop, as `last` does.
sub prepare {
    my ($setup, $statement) = @_;
    my $code = "sub { my \$prof_next = shift;\n#line 1 \"<setup>\"\n$setup\n;\n"
        . "my \$prof_left = 0; while (\$prof_left = \$prof_next->(\$prof_left)) { while (\$prof_left) {\n"
        . "#line 1 \"<stmt>\"\n$statement\n;} continue { --\$prof_left } }}";
    my $sub = compiled($code);
    die $@ unless $sub;
    push @cases, $sub;
}

sub next_piece {
    my ($not_run) = @_;
    my $now = wall();
    if (!defined $row->{began}) {
        $row->{setup} = $now - $row->{called};
        $row->{piece} = $row->{loops} < 16 ? $row->{loops} : 16;
        $row->{began_cpu} = cpu();
        $row->{told} = $row->{begin} = $row->{began} = wall();
        return $row->{piece};
    }
    $row->{done} += $row->{piece} - $not_run;
    $row->{wall} = $now - $row->{began};
    return 0 if $not_run;
    my $left = $row->{loops} - $row->{done};
    my $is_due = $now - $row->{told} > $LOOK_EVERY;
    $row->{cpu} = cpu() - $row->{began_cpu} if !$left || $is_due;
    return 0 unless $left;
    if ($row->{watched} && $is_due) {
        say_it('progress', [@$row{qw(index done wall cpu)}]);
        $row->{told} = $now;
    }
    $row->{piece} *= 2 if $now - $row->{begin} < 25_000_000;
    $row->{piece} = $left if $row->{piece} > $left;
    $row->{begin} = wall();
    return $row->{piece};
}

sub run {
    my ($watched, @plan) = @_;
    my @rows;
    my $told = wall();
    for my $index (0 .. @plan / 2 - 1) {
        my ($case, $loops) = @plan[ 2 * $index, 2 * $index + 1 ];
        $row = { index => $index, loops => $loops, watched => $watched, done => 0, wall => 0, cpu => 0 };
        $row->{called} = wall();
        my $is_complete = eval {
            $cases[$case]->(\&next_piece);
            die "the statement left the loop before its end\n" if $row->{done} < $loops;
            1;
        };
        if (!$is_complete) {
            my $error = $@;
            say_it('rows', \@rows);
            die $error;
        }
        push @rows, $row->{wall}, -1, $row->{cpu}, -1, -1, -1, -1, $row->{setup};
        next unless wall() - $told > $LOOK_EVERY;
        say_it('rows', [splice @rows]);
        $told = wall();
    }
    undef $row;
    say_it('done', \@rows);
}

$SIG{INT} = sub { die "interrupted\n" };
say_it('hello', [1], 'Perl', sprintf('%vd', $^V), $^X);
while (my ($kind, $numbers, @texts) = hear()) {
    undef $row;
    next if eval {
        if ($kind eq 'prepare') { prepare(@texts); say_it('ready', []) }
        else { run(@$numbers) }
        1;
    };
    my $shown = "$@";
    $shown =~ s/, <\$requests> line \d+//g;
    chomp $shown;
    # The last place that is named is that of the outermost code.
    my ($part, $line) = $shown =~ /.*at <(setup|stmt)> line (\d+)/s;
    # Without one, it is the code that runs.
    my $place = $part ? ($part eq 'stmt') : $row ? defined $row->{began} : -1;
    my @progress = $row ? @$row{qw(index done wall cpu)} : (0) x 4;
    say_it('error', [ @progress, int $place, $line || 0 ], 'die', $shown, $shown);
}
