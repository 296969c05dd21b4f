/* SPDX-License-Identifier: MIT */
/* names - every metric that a tool can give: the one list, from which the text, the reader and docs/metrics.md are made.
 *
 *	X(ID, "name", kind, unit, tools, "label", "second label", "HELP")
 *
 * A name ends in its unit, a counter in _total, as promtool wants it. HELP is a constant and must stay what it is: where two
 * files of one folder differ in it, node_exporter leaves the series of one of them out without a word. The labels tool, name,
 * source and table stand on every series where they are known; "label" is one of this metric alone (NULL: none).
 * M_… are sets of tools (metrics/parts.h).
 */
#ifndef SM_METRICS_NAMES_H
#define SM_METRICS_NAMES_H

#define METRICS_TOOLS(X) \
	X(GEN, "smgen") X(FETCH, "smfetch") X(RATE, "smrate") X(JQ, "smjq") X(SENTIMENT, "smsentiment") X(TREND, "smtrend") \
	X(PARTITION, "smpartition") X(COMMIT, "smcommit") X(CHECKPOINT, "smcheckpoint") X(REPLAY, "smreplay") X(TABLE, "smtable")

enum metrics_tool {
#define X(bit, name) METRICS_##bit,
	METRICS_TOOLS(X)
#undef X
	METRICS_TOOL_COUNT
};

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
	X(INPUT_SIZE, "sm_input_size_bytes", GAUGE, BYTES, (M_READS & ~(M_REPLAY | M_CKPT)) | M_FETCH, NULL, NULL, \
	  "Size of the input files, as they lie on disk.") \
	X(INPUT_READ, "sm_input_read_bytes", GAUGE, BYTES, (M_READS & ~(M_REPLAY | M_CKPT)) | M_FETCH, NULL, NULL, \
	  "Bytes of the input files read, as they lie on disk.") \
	X(BYTES_OUT, "sm_bytes_out_total", COUNTER, BYTES, M_ALL, NULL, NULL, "Bytes written to the output.") \
	X(REJECTED, "sm_rejected_records_total", COUNTER, PLAIN, M_FILTER | M_PART | M_REPLAY | M_FETCH, "reason", NULL, \
	  "Bad records that were skipped or rejected.") \
	X(BLOCKED, "sm_blocked_seconds_total", COUNTER, SECONDS, M_ALL, "direction", NULL, \
	  "Time spent waiting for input (upstream) and for the reader of the output (downstream), sampled ten times a second.")

#define METRICS_STREAM(X) \
	X(WAIT, "sm_wait_seconds_total", COUNTER, SECONDS, M_RATE | M_FETCH, "reason", NULL, \
	  "Time spent waiting because a limit, a failure or the schedule asked for it.") \
	X(DROPPED, "sm_dropped_records_total", COUNTER, PLAIN, M_RATE, "reason", NULL, "Records left out as the options say.") \
	X(LATE, "sm_late_records_total", COUNTER, PLAIN, M_RATE | M_TREND, NULL, NULL, "Records behind the watermark.") \
	X(TOO_LATE, "sm_too_late_records_total", COUNTER, PLAIN, M_TREND, NULL, NULL, "Records too late for any window.") \
	X(WATERMARK, "sm_watermark_timestamp_seconds", GAUGE, TIME, M_RATE | M_TREND, NULL, NULL, "The watermark, an event time.") \
	X(NEWEST_EVENT, "sm_newest_event_timestamp_seconds", GAUGE, TIME, M_RATE | M_TREND | M_FETCH, NULL, NULL, "The newest event time seen.") \
	X(QUEUE_RECORDS, "sm_queue_records", GAUGE, PLAIN, M_RATE, NULL, NULL, "Records in the queue, those on disk among them.") \
	X(QUEUE_BYTES, "sm_queue_bytes", GAUGE, BYTES, M_RATE | M_FETCH, NULL, NULL, "Bytes in the queue in memory.") \
	X(SPILL_BYTES, "sm_spill_bytes", GAUGE, BYTES, M_RATE | M_FETCH, NULL, NULL, "Bytes of the queue on disk.") \
	X(SPILL_WRITTEN, "sm_spill_written_records_total", COUNTER, PLAIN, M_RATE, NULL, NULL, "Records and marks written to the spill.") \
	X(SPILL_READ, "sm_spill_read_records_total", COUNTER, PLAIN, M_RATE, NULL, NULL, "Records and marks read back from the spill.") \
	X(RATE, "sm_adapted_rate", GAUGE, PLAIN, M_RATE, NULL, NULL, "Records per second that --adapt allows now.") \
	X(WINDOWS, "sm_windows_total", COUNTER, PLAIN, M_TREND, NULL, NULL, "Windows closed.") \
	X(PANES_OPEN, "sm_open_panes", GAUGE, PLAIN, M_TREND, NULL, NULL, "Panes of windows that hold posts.") \
	X(TOPICS, "sm_topics", GAUGE, PLAIN, M_TREND, NULL, NULL, "Topics that are remembered.") \
	X(WINDOW_BYTES, "sm_window_memory_bytes", GAUGE, BYTES, M_TREND, NULL, NULL, "Memory of the open windows.") \
	X(STATE_BYTES, "sm_state_bytes", GAUGE, BYTES, M_TREND | M_RATE, NULL, NULL, "Bytes of the state saved last in the checkpoint.")

#define METRICS_FETCHED(X) \
	X(REQUESTS, "sm_requests_total", COUNTER, PLAIN, M_FETCH, "api", "status", \
	  "Requests that have ended, by the status of the response or what failed.") \
	X(REQUEST_DURATION, "sm_request_duration_seconds", HISTOGRAM, SECONDS, M_FETCH, NULL, NULL, \
	  "Time from sending a request to the end of its response, streams not.") \
	X(RETRIES, "sm_retries_total", COUNTER, PLAIN, M_FETCH, "cause", NULL, "Requests and connections tried again.") \
	X(QUOTA, "sm_quota_remaining", GAUGE, PLAIN, M_FETCH, "limit", NULL, "Requests left, where the API or the definition says so.") \
	X(QUOTA_RESET, "sm_quota_reset_timestamp_seconds", GAUGE, TIME, M_FETCH, "limit", NULL, "When they are all there again.") \
	X(JOBS_RUNNING, "sm_jobs_running", GAUGE, PLAIN, M_FETCH, NULL, NULL, "Jobs that have not ended.") \
	X(STREAMS_OPEN, "sm_open_streams", GAUGE, PLAIN, M_FETCH, NULL, NULL, "Streams that are connected.")

#define METRICS_READ(X) \
	X(FILES_READ, "sm_files_read_total", COUNTER, PLAIN, M_REPLAY, NULL, NULL, "Data files read.") \
	X(BACKLOG_FILES, "sm_backlog_files", GAUGE, PLAIN, M_REPLAY, NULL, NULL, "Data files that are to be read and have not been opened.") \
	X(BACKLOG_BYTES, "sm_backlog_bytes", GAUGE, BYTES, M_REPLAY, NULL, NULL, "Bytes of the data files that are to be read and have not been opened.") \
	X(GROUPS_READ, "sm_row_groups_read_total", COUNTER, PLAIN, M_REPLAY, NULL, NULL, "Row groups read.") \
	X(GROUPS_SKIPPED, "sm_row_groups_skipped_total", COUNTER, PLAIN, M_REPLAY, NULL, NULL, \
	  "Row groups of these files passed over by their statistics.") \
	X(ROWS_MATCHED, "sm_rows_matched_total", COUNTER, PLAIN, M_REPLAY, NULL, NULL, "Rows that satisfy the condition.") \
	X(SEQ, "sm_stream_seq", GAUGE, PLAIN, M_CKPT, NULL, NULL, "Number of the mark that is recorded.")

#define METRICS_WRITTEN(X) \
	X(FILES_WRITTEN, "sm_files_written_total", COUNTER, PLAIN, M_PART, NULL, NULL, "Data files written and announced.") \
	X(ROWS_WRITTEN, "sm_rows_written_total", COUNTER, PLAIN, M_PART, NULL, NULL, "Rows of the data files written.") \
	X(FILE_BYTES_WRITTEN, "sm_file_bytes_written_total", COUNTER, BYTES, M_PART, NULL, NULL, "Bytes of the data files written.") \
	X(CLOSE_DURATION, "sm_close_duration_seconds", HISTOGRAM, SECONDS, M_PART, NULL, NULL, \
	  "Time to finish the open data files and make them durable, for a mark.") \
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
	X(TABLE_COMMITTED, "sm_table_commit_timestamp_seconds", GAUGE, TIME, M_COMMIT | M_REPLAY | M_TABLE, NULL, NULL, \
	  "When that version of the table was committed.") \
	X(TABLE_FILES, "sm_table_files", GAUGE, PLAIN, M_COMMIT | M_REPLAY | M_TABLE, NULL, NULL, "Data files of the table at that version.") \
	X(TABLE_BYTES, "sm_table_bytes", GAUGE, BYTES, M_COMMIT | M_REPLAY | M_TABLE, NULL, NULL, "Bytes of the data files of the table.") \
	X(TABLE_SMALL, "sm_table_small_files", GAUGE, PLAIN, M_COMMIT | M_TABLE, NULL, NULL, "Data files of the table below 16 MiB.") \
	X(TABLE_TOMBSTONES, "sm_table_tombstones", GAUGE, PLAIN, M_COMMIT | M_TABLE, NULL, NULL, \
	  "Removed data files that the log of the table still names.") \
	X(TABLE_UNCHECKED, "sm_table_commits_since_checkpoint", GAUGE, PLAIN, M_COMMIT | M_TABLE, NULL, NULL, \
	  "Commits behind the newest checkpoint of the log, which every reader has to read.")

#define METRICS(X) METRICS_RUN(X) METRICS_FLOW(X) METRICS_STREAM(X) METRICS_FETCHED(X) METRICS_READ(X) METRICS_WRITTEN(X) \
	METRICS_TABLE_STATE(X)

#endif
