/* SPDX-License-Identifier: MIT */
/* names - every metric that a tool can give: the one list, from which the text, the reader and docs/metrics.md are made.
 *
 *	X(ID, "name", kind, unit, tools, "label", "second label", "HELP")
 *
 * A name ends in its unit, a counter in _total, as promtool wants it. HELP is a constant and must stay what it is: where two
 * files of one folder differ in it, node_exporter leaves the series of one of them out without a word. The labels tool, name,
 * source and table stand on every series where they are known; "label" is one of this metric alone (NULL: none).
 */
#ifndef SM_METRICS_NAMES_H
#define SM_METRICS_NAMES_H

#define METRICS_OF(bit) (UINT32_C(1) << (bit))
#define METRICS_TOOLS(X) \
	X(GEN, "smgen") X(FETCH, "smfetch") X(RATE, "smrate") X(JQ, "smjq") X(SENTIMENT, "smsentiment") X(TREND, "smtrend") \
	X(PARTITION, "smpartition") X(COMMIT, "smcommit") X(CHECKPOINT, "smcheckpoint") X(REPLAY, "smreplay") X(TABLE, "smtable")

enum metrics_tool {
#define X(bit, name) METRICS_##bit,
	METRICS_TOOLS(X)
#undef X
	METRICS_TOOL_COUNT
};

#define M_ALL (METRICS_OF(METRICS_TOOL_COUNT) - 1)
#define M_FETCH METRICS_OF(METRICS_FETCH)
#define M_RATE METRICS_OF(METRICS_RATE)
#define M_TREND METRICS_OF(METRICS_TREND)
#define M_PART METRICS_OF(METRICS_PARTITION)
#define M_COMMIT METRICS_OF(METRICS_COMMIT)
#define M_CKPT METRICS_OF(METRICS_CHECKPOINT)
#define M_REPLAY METRICS_OF(METRICS_REPLAY)
#define M_TABLE METRICS_OF(METRICS_TABLE)
#define M_FILTER (M_RATE | METRICS_OF(METRICS_JQ) | METRICS_OF(METRICS_SENTIMENT) | M_TREND)
#define M_READS (M_FILTER | M_PART | M_COMMIT | M_CKPT | M_REPLAY)

#define METRICS_RUN(X) \
	X(RUNS, "sm_runs_total", COUNTER, PLAIN, M_ALL, "status", NULL, \
	  "Runs that have ended, by exit status; a signal is 128 and its number.") \
	X(RUN_STATUS, "sm_run_status", GAUGE, PLAIN, M_ALL, NULL, NULL, "Exit status of the run that ended last.") \
	X(RUN_START, "sm_run_start_timestamp_seconds", GAUGE, TIME, M_ALL, NULL, NULL, "When the newest run began.") \
	X(RUN_DURATION, "sm_run_duration_seconds", GAUGE, SECONDS, M_ALL, NULL, NULL, "Duration of the newest run, up to now or in all.") \
	X(LAST_SUCCESS, "sm_last_success_timestamp_seconds", GAUGE, TIME, M_ALL, NULL, NULL, \
	  "When a run last ended with status 0 or 1.") \
	X(CPU, "sm_cpu_seconds_total", COUNTER, SECONDS, M_ALL, NULL, NULL, "Processor time, user and system.") \
	X(MEMORY, "sm_peak_memory_bytes", GAUGE, BYTES, M_ALL, NULL, NULL, "Largest resident memory of the newest run.")

#define METRICS_FLOW(X) \
	X(RECORDS_IN, "sm_records_in_total", COUNTER, PLAIN, M_READS, NULL, NULL, \
	  "Records, rows or actions read, bad ones among them, marks not.") \
	X(RECORDS_OUT, "sm_records_out_total", COUNTER, PLAIN, M_ALL & ~M_PART, NULL, NULL, "Records or rows written to the output, marks not.") \
	X(BYTES_IN, "sm_bytes_in_total", COUNTER, BYTES, (M_READS & ~M_REPLAY) | M_FETCH, NULL, NULL, \
	  "Bytes of input read, after decompression.") \
	X(BYTES_OUT, "sm_bytes_out_total", COUNTER, BYTES, M_ALL, NULL, NULL, "Bytes written to the output.") \
	X(REJECTED, "sm_rejected_records_total", COUNTER, PLAIN, M_FILTER | M_PART | M_REPLAY | M_FETCH, "reason", NULL, \
	  "Bad records that were skipped or rejected.") \
	X(BLOCKED, "sm_blocked_seconds_total", COUNTER, SECONDS, M_ALL, "direction", NULL, \
	  "Time spent waiting for input (upstream) and for the reader of the output (downstream), sampled ten times a second.")

#define METRICS_WRITTEN(X) \
	X(FILES_WRITTEN, "sm_files_written_total", COUNTER, PLAIN, M_PART, NULL, NULL, "Data files written and announced.") \
	X(ROWS_WRITTEN, "sm_rows_written_total", COUNTER, PLAIN, M_PART, NULL, NULL, "Rows of the data files written.") \
	X(FILE_BYTES_WRITTEN, "sm_file_bytes_written_total", COUNTER, BYTES, M_PART, NULL, NULL, "Bytes of the data files written.") \
	X(COMMITS, "sm_commits_total", COUNTER, PLAIN, M_COMMIT, NULL, NULL, "Commits made.") \
	X(COMMIT_DURATION, "sm_commit_duration_seconds", HISTOGRAM, SECONDS, M_COMMIT, NULL, NULL, \
	  "Time from a mark to its commit, lost attempts among it.") \
	X(CONFLICTS, "sm_conflicts_total", COUNTER, PLAIN, M_COMMIT, NULL, NULL, "Attempts to commit in which another writer was first.") \
	X(FILES_ADDED, "sm_files_added_total", COUNTER, PLAIN, M_COMMIT, NULL, NULL, "Data files added to the table.") \
	X(FILES_REMOVED, "sm_files_removed_total", COUNTER, PLAIN, M_COMMIT, NULL, NULL, "Data files removed from the table.") \
	X(ROWS_ADDED, "sm_rows_added_total", COUNTER, PLAIN, M_COMMIT, NULL, NULL, "Rows of the data files added to the table, where their number is known.") \
	X(FILE_BYTES_ADDED, "sm_file_bytes_added_total", COUNTER, BYTES, M_COMMIT, NULL, NULL, "Bytes of the data files added to the table.")

#define METRICS_TABLE_STATE(X) \
	X(TABLE_VERSION, "sm_table_version", GAUGE, PLAIN, M_PART | M_COMMIT | M_REPLAY | M_TABLE | M_CKPT, NULL, NULL, \
	  "Version of the table, as it was seen last.") \
	X(TABLE_FILES, "sm_table_files", GAUGE, PLAIN, M_COMMIT | M_REPLAY | M_TABLE, NULL, NULL, "Data files of the table at that version.") \
	X(TABLE_BYTES, "sm_table_bytes", GAUGE, BYTES, M_COMMIT | M_TABLE, NULL, NULL, "Bytes of the data files of the table.") \
	X(TABLE_SMALL, "sm_table_small_files", GAUGE, PLAIN, M_COMMIT | M_TABLE, NULL, NULL, "Data files of the table below 16 MiB.") \
	X(TABLE_TOMBSTONES, "sm_table_tombstones", GAUGE, PLAIN, M_COMMIT | M_TABLE, NULL, NULL, \
	  "Removed data files that the log of the table still names.")

#define METRICS(X) METRICS_RUN(X) METRICS_FLOW(X) METRICS_WRITTEN(X) METRICS_TABLE_STATE(X)

#endif
