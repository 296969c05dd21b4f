/* SPDX-License-Identifier: MIT */
/* The protocol of marks (docs/pipe.md, docs/checkpoint.md): source, partitioner, committer and checkpoint, copies of them started at
 * any time, crashes between any two steps.
 *
 * A run is one pipeline of four processes. RUNS runs may be started at any moment, two may be alive at once (an earlier run's
 * committer goes on after its source is dead), and CRASHES times a process dies. Then CALM runs follow one after
 * the other, undisturbed: one of them must end with status 0.
 *
 * A step is what others can see: a system call. A process that dies before a step of its own with nothing done since the step
 * before is the same as one that dies behind that step, so death is offered once between any two.
 *
 * The input has ITEMS items; the item EMPTY has no record (a page without posts), so that its mark closes no action. A cursor is the
 * number of the next item. Checked:
 *	no row is in the table twice, at any time
 *	a run that ends with 0 leaves every row in the table
 *	the calm runs get there
 *	the cursor of the seq at which a run goes on is in the journal (it was not pruned, and it is there at all)
 *
 * With SOME_MARKS a source marks where it likes, so that the same seq means one cursor in one run and another in the next.
 * With RESTORE the table is set back once, between two runs, to what it was before its last commit: then either the
 * rows come out right, or the runs end with status 5 and the table stays as it was restored.
 *
 * With TAKEN=N other writers take the table back up to N times, at any moment: by a RESTORE to an earlier version or by a whole overwrite, and
 * every txn stays. A RESTORE may undo another. Then the rows come out right, or the runs end with status 5, and that only where rows of the
 * stream are missing; `rewind --table` and one more run then bring them back, each once. With REWIND the same rewind also comes
 * at any moment when no source runs, with an earlier run's committer still at work. With ACCEPT `accept` comes there instead: the rows that the
 * stream had added and the table no longer has are given up; whatever is taken back later, they stay away unless that brings them back, none of
 * the others is lost, and none comes twice.
 *
 * tests/model/run checks this, and that each of these mistakes is found:
 *	NO_CAS         the committer does not compare the table's txn
 *	CAS_ONCE       it compares on the first attempt only, not on the one after a lost race
 *	MARK_AHEAD     a mark that closes no action goes on with its own seq
 *	PASS_EARLY     the partitioner passes the mark before the actions
 *	PRINT_FIRST    the source prints a mark before it is in the journal
 *	SEQ_AGAIN      a run numbers its marks from where it goes on, not behind the highest (with SOME_MARKS)
 *	PRUNE_ALL      the source prunes below its own newest mark, not below what was recorded
 *	NO_BEHIND      nobody minds a table that is behind its checkpoint (with RESTORE)
 *	NO_HELD        nobody asks whether the table still holds the stream's last commit (this and those below with TAKEN)
 *	HELD_ONCE      the committer asks on its first snapshot only
 *	LOOK_FURTHER   a mark says that the log was looked at up to the version of now, not up to that of the snapshot
 *	BLIND_RECOVERY a table that is ahead is told as recovered without asking
 *	OLD_PATH       the recorded commit's file counts also where the table is ahead of the record
 *	REWIND_LOOSE   a rewound generation counts the commit that it goes on behind as its last one, not its own beginning (with REWIND)
 *	NO_FENCE       a new generation leaves the txn of the one before alone (with REWIND)
 *	ACCEPT_IN_CK   accept is kept in the checkpoint alone, not by a commit (with ACCEPT)
 *	ACCEPT_JUMPED  a rewind that jumps to the version in front of that commit does not see it (with ACCEPT)
 */
#ifndef RUNS
#define RUNS 2
#endif
#ifndef CRASHES
#define CRASHES 2
#endif
#ifndef ITEMS
#define ITEMS 2
#endif
#ifndef EMPTY
#define EMPTY 1
#endif
#define CALM 2
#define SEQS 20
#define VERSIONS 12
#define NONE 255
#ifndef TAKEN
#define TAKEN 0
#endif

/* kinds of line on the way to the partitioner */
#define REC 1
#define MARK 2

/* how a run ended */
#define OPEN 0      /* not yet */
#define DONE 1
#define BROKEN 4
#define CONFLICT 5
#define RETRY 75

/* durable */
byte journal[SEQS];          /* seq -> cursor, NONE: not there */
byte high;                   /* highest seq in the journal */
byte recorded;               /* CK/table: seq; 0: it names no table yet */
byte version;                /* of the table; 0: it is not there */
#define GENERATIONS 3
byte txns[GENERATIONS];      /* by generation */
byte rows[ITEMS];
#if TAKEN
byte origin[VERSIONS];       /* the version that a version's content comes from; NONE: it keeps nothing of those before */
byte content[VERSIONS];      /* its rows */
byte added[VERSIONS];        /* rows that the stream added in it */
byte owner[VERSIONS];        /* 1 + generation of the stream's own commits */
byte place[VERSIONS];        /* the cursor in their copy of the mark */
bool begins[VERSIONS];       /* the commit with which a generation begins; it changes no row */
byte given_up;               /* rows that `accept` has left out, of the version */
byte accepted_at;
bool accepted;
#ifdef ACCEPT
#define LAST_GENERATION 1    /* that may be rewound at the end */
#else
#define LAST_GENERATION 0
#endif
#define GIVEN_UP(i) ((given_up >> (i)) & 1)
byte known_commit, known_look;                              /* CK/table: commit and version */
byte told_commit[RUNS], told_look[RUNS];                    /* the same, on the way there */
byte takes;                  /* so often may the table still be taken back */
byte generation, of_run[RUNS];
#define GENERATION generation
#define OF_RUN of_run[r]
#else
#define GIVEN_UP(i) false
#define GENERATION 0
#define OF_RUN 0
#endif
#define txn txns[GENERATION]
/* The record names no table yet. One of a generation that `rewind --table` has begun at 0 names it with seq 0. */
#if TAKEN
#define NO_TABLE(seq) (seq == 0 && known_commit == 0)
#else
#define NO_TABLE(seq) (seq == 0)
#endif
#ifdef RESTORE
byte old_txn, old_rows[ITEMS];
bool restored;
#endif

/* a run */
chan to_part[RUNS] = [0] of { byte, byte, byte, bool };    /* kind, record or seq, cursor, end */
chan to_commit[RUNS] = [1] of { byte, byte, byte, bool };  /* actions (the set of records in their files) and the mark behind them */
byte unsaved[RUNS];           /* newest seq that is on its way to the checkpoint: only the newest counts */
bool ended[RUNS], recovered[RUNS];                          /* what else is on that way */
bool part_eof[RUNS], commit_eof[RUNS], save_eof[RUNS];       /* the writer has closed */
bool part_gone[RUNS], commit_gone[RUNS], save_gone[RUNS];    /* the reader has closed: a write ends the writer */
byte from[RUNS], alive[RUNS], status[RUNS];
bool locked;                 /* the run lock of the checkpoint */
byte crashes;                /* so many may still come */

#define MAY_DIE (crashes > 0)

inline die()
{
	crashes--
}

/* The last process of a run leaves nothing behind that would tell states apart. */
inline leave()
{
	alive[r]--;
	if
	:: alive[r] == 0 ->
		from[r] = 0;
		part_eof[r] = false; commit_eof[r] = false; save_eof[r] = false;
		part_gone[r] = false; commit_gone[r] = false; save_gone[r] = false
	:: else
	fi
}

#if TAKEN
/* Does version AT hold what generation G has committed last? In: what is known, c, look and the seq it belongs to; out: good and c. */
inline held(at, g, seq_now, seq_known, c, look, good)
{
	good = true;
#ifndef NO_HELD
	v = 0;
	if
	:: seq_now == seq_known -> skip
	:: else ->
#ifdef OLD_PATH
		if
		:: c > 0 && (content[at] & added[c]) -> v = NONE
		:: else -> v = at
		fi;
#else
		v = at;
#endif
		do
		:: v > 0 && v != NONE && v > look && !(owner[v] == g + 1 && added[v]) -> v--
		:: else -> break
		od;
		if
		:: v > look && v != NONE -> c = v; look = v
		:: else
		fi
	fi;
	if
	:: v == NONE || c == 0 -> skip
	:: v != NONE && c > 0 && (content[at] & added[c]) -> skip
	:: else ->
		v = at;
		do
		:: v == c || v == look -> break
		:: v != c && v != look -> v = origin[v];
			if
			:: v == NONE || v < c -> good = false; break
			:: else
			fi
		od
	fi;
	v = 0
#endif
}
#endif

/* Where a run resumes, and the pruning that follows; the run lock is held. The record is read before the table. */
inline decide()
{
	if
	:: NO_TABLE(i) -> from[r] = 0
	:: else -> from[r] = txn
	fi;
#ifndef NO_BEHIND
	if
	:: from[r] < i -> status[r] = CONFLICT; at = NONE
	:: else
	fi;
#endif
#if TAKEN
	of_run[r] = generation;
	if
	:: !NO_TABLE(i) && at != NONE ->
		c = known_commit; look = known_look;
		held(version, generation, from[r], i, c, look, good);
		if
		:: !good -> status[r] = CONFLICT; at = NONE
		:: else
		fi;
		c = 0; look = 0; good = false
	:: else
	fi;
#endif
	if
	:: at == NONE
	:: at != NONE && from[r] == 0
	:: else ->
		at = journal[from[r]];
		assert(at != NONE)      /* a cursor that is needed is there */
	fi
}

inline prune()
{
#ifdef PRUNE_ALL
	seq = high;
#else
	seq = i;
#endif
	i = 1;
	do
	:: i < seq -> journal[i] = NONE; i++
	:: else -> break
	od;
	i = 0;
#ifdef SEQ_AGAIN
	seq = from[r]
#else
	seq = high
#endif
}

#define WRITE_JOURNAL journal[seq] = at; if :: seq > high -> high = seq :: else fi

/* The journal is the source's own while it holds the lock: nobody can tell whether its line or the mark was first, but for
 * a crash between the two. */
inline mark()
{
#ifndef PRINT_FIRST
	d_step { WRITE_JOURNAL };
#endif
	if
	:: to_part[r]!MARK,seq,at,last
	:: atomic { part_gone[r] -> goto unlock }
	:: atomic { MAY_DIE -> die(); goto unlock }
	fi;
#ifdef PRINT_FIRST
	if
	:: d_step { WRITE_JOURNAL }
	:: atomic { MAY_DIE -> die(); goto unlock }
	fi
#endif
}

#ifdef SOME_MARKS
#define MAY_READ true
#else
#define MAY_READ (i == 0)
#endif

proctype source(byte r)
{
	byte at, seq, i;
	bool last, first = true;
#if TAKEN
	byte c, look, v;
	bool good;
#endif

	atomic {
		if
		:: locked -> status[r] = CONFLICT; goto out
		:: else -> locked = true; i = recorded
		fi
	}
	d_step {
		decide();
		if
		:: at != NONE -> prune()
		:: else
		fi
	}
	if
	:: at == NONE -> goto unlock
	:: else
	fi;
	do
	/* A mark: first, last, and wherever the cursor has moved (i); with SOME_MARKS here and there only. */
	:: atomic { first || at == ITEMS || i > 0 ->
		seq++;
		assert(seq < SEQS);
		last = (at == ITEMS && !first);
		i = 0;
		mark();
		if
		:: last -> break
		:: !last -> first = false
		fi }
	/* An item. */
	:: atomic { !first && MAY_READ && at == EMPTY -> at++; i = 1 }
	:: atomic { !first && MAY_READ && at < ITEMS && at != EMPTY -> i = 1;
		if
		:: to_part[r]!REC,at,0,false -> at++
		:: atomic { part_gone[r] -> goto unlock }
		:: atomic { MAY_DIE -> die(); goto unlock }
		fi }
	od;
unlock:
	skip;
	d_step { locked = false; part_eof[r] = true; at = 0; seq = 0; i = 0; last = false; first = false; leave() }
	goto end;
out:
	skip;
	d_step { part_eof[r] = true; at = 0; seq = 0; i = 0; last = false; first = false; leave() }
end:
	skip
}

proctype partitioner(byte r)
{
	byte kind, a, b, set;
	bool last, opened;

	do
	:: atomic { to_part[r]?kind,a,b,last ->
		if
		:: kind == REC -> set = set | (1 << a)
		/* Marks are cumulative: not every one cuts a file. */
		:: kind == MARK && opened && !last
		:: kind == MARK -> opened = true;
			if
#ifdef PASS_EARLY
			:: to_commit[r]!0,a,b,last
#else
			:: to_commit[r]!set,a,b,last
#endif
				-> set = 0
			:: atomic { commit_gone[r] -> break }
			:: atomic { MAY_DIE -> die(); break }
			fi;
			if
			:: last -> break
			:: else
			fi
		fi;
		kind = 0; a = 0; b = 0 }
	:: atomic { commit_gone[r] -> break }
	:: atomic { part_eof[r] -> break }
	:: atomic { MAY_DIE -> die(); break }
	od;
	skip;
	d_step { commit_eof[r] = true; part_gone[r] = true; kind = 0; a = 0; b = 0; set = 0; last = false; opened = false; leave() }
}

inline keep_old()
{
#ifdef RESTORE
	if
	:: !restored ->
		old_txn = txn;
		i = 0;
		do
		:: i < ITEMS -> old_rows[i] = rows[i]; i++
		:: else -> break
		od
	:: else
	fi
#else
	skip
#endif
}

inline commit()
{
	keep_old();
	version++;
#if TAKEN
	assert(version < VERSIONS);
	origin[version] = version - 1;
	content[version] = content[version - 1] | set;
	added[version] = set;
	owner[version] = OF_RUN + 1;
	place[version] = b;
#ifndef NO_FENCE
	if
	:: OF_RUN == 1 && txns[1] == 0 -> txns[0] = a
	:: else
	fi;
#endif
	if
	:: set != 0 -> commit_known = version
	:: else
	fi;
	look = version; seq_known = a;
#endif
	txns[OF_RUN] = a;
	i = 0;
	do
	:: i < ITEMS ->
		if
		:: set & (1 << i) -> rows[i]++; assert(rows[i] < 2)     /* no row twice */
		:: else
		fi;
		i++
	:: else -> break
	od;
	i = 0; seq = a; know = a; cur = b; set = 0
}

/* What the snapshot says about the stream: b_ahead, b_behind or neither. */
#ifdef NO_CAS
#define AHEAD false
#elif defined(CAS_ONCE)
#define AHEAD (seq > know && !raced)
#else
#define AHEAD (seq > know)
#endif
#ifdef NO_BEHIND
#define BEHIND false
#else
#define BEHIND (seq < know)
#endif
/* Rows, or a cursor that moved and must last. */
#define DUE (set != 0 || (last && b != cur && a > seq))
#if TAKEN
#ifdef HELD_ONCE
#define ASK (!asked)
#else
#define ASK true
#endif
#ifdef BLIND_RECOVERY
#define LOOKS (ASK && !(AHEAD))
#else
#define LOOKS ASK
#endif
#define LOST (!good)
#else
#define LOST false
#endif

proctype committer(byte r)
{
	byte a, b, set, seq, seen, know, cur, i;
	bool last, opened, raced, ahead;
#if TAKEN
	byte commit_known, look, seq_known, v;
	bool good, asked;
#endif

	do
	:: atomic { nempty(to_commit[r]) -> to_commit[r]?set,a,b,last;
		if
		:: !opened -> opened = true; know = from[r]; cur = b;
#if TAKEN
			if
			:: OF_RUN == GENERATION -> commit_known = known_commit; look = known_look; seq_known = recorded
			:: else
			fi
#endif
		:: else
		fi;
		raced = false }
again:		atomic { seen = version; seq = txns[OF_RUN];       /* a snapshot */
#if TAKEN
			good = true;
			if
			:: LOOKS && (seq > 0 || commit_known > 0) -> held(seen, OF_RUN, seq, seq_known, commit_known, look, good); asked = true;
				if
				:: good -> look = seen; seq_known = seq
				:: else
				fi
			:: else
			fi
#endif
		}
		if
		:: atomic { LOST && !(BEHIND) -> status[r] = CONFLICT; break }
		:: atomic { AHEAD && !LOST -> ahead = true }
		:: atomic { BEHIND -> status[r] = CONFLICT; break }
		:: atomic { !(AHEAD) && !(BEHIND) && !DUE && !LOST ->
#ifdef MARK_AHEAD
			seq = a
#else
			skip
#endif
			}
		/* put-if-absent of the next version: it fails when another was first */
		:: atomic { !(AHEAD) && !(BEHIND) && DUE && !LOST ->
			if
			:: version == seen -> d_step { commit() }
			:: else -> raced = true; goto again
			fi }
		:: atomic { MAY_DIE -> die(); break }
		fi;
		if
		:: d_step { !save_gone[r] ->
			unsaved[r] = (seq > unsaved[r] -> seq : unsaved[r]);
#if TAKEN
			told_commit[r] = commit_known;
#ifdef LOOK_FURTHER
			told_look[r] = version;
#else
			told_look[r] = look;
#endif
#endif
			ended[r] = last && !ahead;
			recovered[r] = ahead }
		:: atomic { save_gone[r] -> break }
		:: atomic { MAY_DIE -> die(); break }
		fi;
		if
		:: last || ahead -> break
		:: else -> d_step { set = 0; a = 0; b = 0; seq = 0; seen = 0; raced = false }
		fi
	:: atomic { save_gone[r] -> break }
	:: atomic { commit_eof[r] && empty(to_commit[r]) -> break }
	:: atomic { MAY_DIE -> die(); break }
	od;
	skip;
	d_step {
		if
		:: nempty(to_commit[r]) -> to_commit[r]?_,_,_,_
		:: empty(to_commit[r])
		fi;
		save_eof[r] = true; commit_gone[r] = true; a = 0; b = 0; set = 0; seq = 0; seen = 0; know = 0; cur = 0;
		last = false; opened = false; raced = false; ahead = false;
#if TAKEN
		commit_known = 0; look = 0; seq_known = 0; good = false; asked = false;
#endif
		leave()
	}
}

inline all_rows()
{
	i = 0;
	do
	:: i < ITEMS -> assert(rows[i] == (i == EMPTY || GIVEN_UP(i) -> 0 : 1)); i++    /* every row once */
	:: else -> break
	od;
	i = 0
}

proctype save(byte r)
{
	byte i;

	do
	/* Seq 0 is a table that has nothing of the stream: nothing to record. Never backwards. */
	:: d_step { unsaved[r] > 0 || ended[r] || recovered[r] ->
		if
#if TAKEN
		:: of_run[r] != generation -> status[r] = CONFLICT      /* the stream was rewound */
		:: of_run[r] == generation && (unsaved[r] > recorded || (unsaved[r] == recorded && recorded > 0 && told_look[r] > known_look)) ->
			recorded = unsaved[r]; known_commit = told_commit[r]; known_look = told_look[r]
#else
		:: unsaved[r] > recorded -> recorded = unsaved[r]
#endif
		:: else
		fi;
		if
		:: recovered[r] -> status[r] = RETRY
		:: ended[r] && status[r] == OPEN ->
			status[r] = DONE;
#if !defined(RESTORE) && TAKEN == 0
			all_rows()
#endif
		:: else
		fi;
		unsaved[r] = 0; ended[r] = false; recovered[r] = false }
	:: atomic { save_eof[r] && unsaved[r] == 0 && !ended[r] && !recovered[r] -> break }
	:: atomic { MAY_DIE -> die(); break }
	od;
	skip;
	d_step {
		save_gone[r] = true; unsaved[r] = 0; ended[r] = false; recovered[r] = false;
		if
		:: status[r] == OPEN -> status[r] = BROKEN
		:: else
		fi;
		leave()
	}
}

#if TAKEN
inline set_rows()
{
	i = 0;
	do
	:: i < ITEMS -> rows[i] = (content[version] >> i) & 1; i++
	:: else -> break
	od;
	i = 0
}

/* Another writer: RESTORE to version F, or a whole overwrite (NONE). Every txn stays. */
inline take_back(f)
{
	takes--;
	i = f;                       /* F may speak of the version before this one */
	version++;
	assert(version < VERSIONS);
	origin[version] = i;
	content[version] = (i == NONE -> 0 : content[i]);
	/* Others may bring them back; and what is older than the version that was accepted knows nothing of it: the rest is read again. */
	given_up = (i == NONE || i < accepted_at -> 0 : given_up & (given_up ^ content[version]));
	set_rows()
}

/* The next generation begins behind the commit F, or at the start (0, NONE), with a commit of its own. */
inline begin_generation()
{
	seq = high + 1;
	assert(seq < SEQS);
	generation++;
	assert(generation < GENERATIONS);
	version++;
	assert(version < VERSIONS);
	origin[version] = version - 1; content[version] = content[version - 1]; owner[version] = generation + 1; begins[version] = true;
#ifndef NO_FENCE
	txns[generation - 1] = seq;
#endif
	if
	:: f == NONE || f == 0 -> recorded = 0
	:: else -> place[version] = place[f]; journal[seq] = place[f]; high = seq; txns[generation] = seq; recorded = seq
	fi;
#ifdef REWIND_LOOSE
	known_commit = (f == NONE -> 0 : f);
#else
	known_commit = version;
#endif
	known_look = version;
	f = 0; seq = 0
}

/* smcheckpoint rewind --table: behind the stream's last commit that the newest version still has. A jump to the version in front of the one
 * with which a generation begins is a jump to that: the rows are the same. */
inline rewind_table()
{
	f = version;
	do
	:: f == NONE || f == 0 || owner[f] > 0 -> break
	:: else ->
#ifndef ACCEPT_JUMPED
		if
		:: origin[f] != NONE && origin[f] != f - 1 && begins[origin[f] + 1] -> f = origin[f] + 1
		:: else -> f = origin[f]
		fi
#else
		f = origin[f]
#endif
	od;
	begin_generation()
}

inline accept_missing()
{
#ifdef ACCEPT_IN_CK
	known_commit = version; known_look = version; recorded = txn
#else
	at = journal[txn];
	assert(at != NONE);
	/* As begin_generation, with the place of the txn. */
	begin_generation();
	place[version] = at;
	seq = high + 1;
	journal[seq] = at; high = seq; txns[generation] = seq; recorded = seq;
	at = 0; seq = 0
#endif
}

/* smcheckpoint accept: the table as it is, behind what it has of the stream by its txn. */
inline accept_table()
{
	f = 0;
	c = 0;
	do
	:: f <= version -> c = c | added[f]; f++
	:: else -> break
	od;
	given_up = c & (c ^ content[version]);
	c = 0; f = 0;
	if
	:: given_up != 0 -> accepted = true; accepted_at = version; accept_missing()
	:: else
	fi
}
#endif

inline start(n)
{
	atomic {
		alive[n] = 4; status[n] = OPEN;
		run source(n); run partitioner(n); run committer(n); run save(n)
	}
}

inline restore()
{
	restored = true;
	version++;
	txns[0] = old_txn;
	i = 0;
	do
	:: i < ITEMS -> rows[i] = old_rows[i]; i++
	:: else -> break
	od;
	i = 0
}

inline as_restored()
{
	assert(txn == old_txn);
	i = 0;
	do
	:: i < ITEMS -> assert(rows[i] == old_rows[i]); i++              /* nothing was written behind it */
	:: else -> break
	od;
	i = 0
}

/* A whole run that nobody disturbs, as one step: source, then committer, then save, by the same rules. The last item takes the
 * place of `set`: all records from AT on are committed. */
inline calm_run()
{
	f = (NO_TABLE(recorded) -> 0 : txn);
	result = OPEN;
#ifndef NO_BEHIND
	if
	:: f < recorded -> result = CONFLICT
	:: else
	fi;
#endif
#if TAKEN
	if
	:: (txn > 0 || known_commit > 0) && result == OPEN ->
		c = known_commit; look = known_look;
		held(version, generation, txn, recorded, c, look, good);
		if
		:: !good -> result = CONFLICT
		:: else -> known_commit = (recorded > 0 -> c : known_commit); known_look = (recorded > 0 -> version : known_look)
		fi
	:: else
	fi;
#endif
	if
	:: result == OPEN ->
		at = 0;
		if
		:: f > 0 -> at = journal[f]; assert(at != NONE)
		:: else
		fi;
#ifdef SEQ_AGAIN
		seq = f;
#else
		seq = high;
#endif
		seq++; journal[seq] = at;                           /* the opening mark */
#ifdef MARK_AHEAD
		recorded = seq;
#endif
		seq++; journal[seq] = ITEMS;                        /* the closing mark */
		high = (seq > high -> seq : high)
	:: else
	fi;
	if
	:: result == OPEN && txn > f ->
#ifdef NO_CAS
		skip
#else
		result = RETRY; recorded = (txn > recorded -> txn : recorded)
#endif
	:: else
	fi;
	if
	:: result == OPEN ->
		if
		:: at < ITEMS ->
			version++; txn = seq;
#if TAKEN
			assert(version < VERSIONS);
			origin[version] = version - 1; content[version] = content[version - 1]; owner[version] = generation + 1; place[version] = ITEMS;
#endif
#ifndef PASS_EARLY
			do
			:: at < ITEMS ->
				if
				:: at != EMPTY -> rows[at]++; assert(rows[at] < 2);
#if TAKEN
					content[version] = content[version] | (1 << at); added[version] = added[version] | (1 << at);
					known_commit = version; known_look = version
#endif
				:: else
				fi;
				at++
			:: else -> break
			od
#endif
		:: else
		fi;
		recorded = (txn > recorded -> txn : recorded);
		result = DONE
	:: else
	fi
}

#define QUIET (alive[0] == 0 && alive[1] == 0)

init
{
	byte n, i, f, at, seq, result;
#if TAKEN
	byte c, look, v;
	bool good;
#endif
	d_step {
		do
		:: i < SEQS -> journal[i] = NONE; i++
		:: else -> break
		od;
		i = 0; crashes = CRASHES;
#if TAKEN
		takes = TAKEN
#endif
	}
	/* Copies at any time, two alive at most. */
	do
	:: n < RUNS && (n < 2 || alive[n - 2] == 0) -> start(n); n++
	:: n == RUNS -> break
#if TAKEN
	:: d_step { takes > 0 && version > 1 -> take_back(version - 1) }
	:: d_step { takes > 0 && version > 2 -> take_back(version - 2) }
	:: d_step { takes > 0 && version > 3 -> take_back(version - 3) }
	:: d_step { takes > 0 && version > 0 -> take_back(NONE) }
#endif
#ifdef ACCEPT
	:: d_step { !accepted && generation == 0 && takes < TAKEN && recorded > 0 && !locked -> accept_table() }
#endif
#ifdef REWIND
	:: d_step { generation == 0 && recorded > 0 && !locked -> rewind_table() }
#endif
#ifdef RESTORE
	:: d_step { n == 1 && QUIET && version > 0 && !restored -> restore() }
#endif
	od;
	/* All is quiet; then, one after the other: */
	atomic { alive[RUNS - 1] == 0 && (RUNS < 2 || alive[RUNS - 2] == 0) -> crashes = 0 }
#ifdef RESTORE
	if
	:: d_step { version > 0 && !restored -> restore() }
	:: skip
	fi;
#endif
	d_step {
		n = 0;
		do
		:: n < CALM && result != DONE -> calm_run(); n++
		:: else -> break
		od;
#ifdef RESTORE
		if
		:: result == DONE -> all_rows()
		:: else -> assert(restored && result == CONFLICT); as_restored()
		fi
#elif TAKEN
		/* A stream stops where rows are missing, and nowhere else. */
		if
		:: result == CONFLICT ->
			f = version;
			c = 0;
			do
			:: f > 0 -> c = c | added[f]; f--
			:: else -> break
			od;
			/* What was rewound has another beginning: a RESTORE to before it brings back rows that it reads again. */
			assert(generation >= 1 || accepted || (content[version] & c) != c);
			c = 0;
			if
			:: generation <= LAST_GENERATION -> rewind_table(); n = 0; result = RETRY;
				do
				:: n < CALM && result != DONE -> calm_run(); n++
				:: else -> break
				od;
				assert(result == DONE)
			:: else
			fi
		:: else -> assert(result == DONE)
		fi;
		if
		:: result == DONE -> all_rows()
		:: else
		fi
#else
		assert(result == DONE);     /* a calm run gets there */
		all_rows()
#endif
	}
}
