# fish completion for smgen, generated from its option table
function __smgen_columns
	for w in (commandline -opc)
		test -d $w/_delta_log; and smtable schema $w --output tsv 2>/dev/null </dev/null | sed 1d | cut -f1
	end
end
complete -c smgen -l count -s n -x -d 'records to write, edits and deletions included (10000)'
complete -c smgen -l seed -s s -x -d 'random seed; the same seed gives the same bytes (1)'
complete -c smgen -l zone -x -d 'the time zone of times without one, and of today and yesterday: Europe/Berlin, +01:00 (default UTC)'
complete -c smgen -l start -x -d 'event time of the first post (2026-11-09)'
complete -c smgen -l span -x -d 'event time from the first to the last post (14d)'
complete -c smgen -l rate -s r -x -d 'records written per time, such as 50/s or 300/15m (as fast as possible)'
complete -c smgen -l networks -x -d 'networks, optionally with weights: x=3,reddit (all)'
complete -c smgen -l langs -x -d 'languages, likewise: en=5,de,ja (all)'
complete -c smgen -l authors -x -d 'authors per network (4096)'
complete -c smgen -l bursts -x -d 'number of times that one topic dominates for some hours (7)'
complete -c smgen -l edits -x -d 'percentage of edits of earlier posts (1.5)'
complete -c smgen -l deletes -x -d 'percentage of deletions of earlier posts (0.7)'
complete -c smgen -l profile -x -a 'sample bench' -d 'sample: every field, sometimes missing or null; bench: 13 fields, about 420 bytes (sample)'
complete -c smgen -l marks -d 'print marks, so that downstream tools know whether the input was complete'
complete -c smgen -l unbuffered -d 'flush every record'
complete -c smgen -l quiet -s q -d 'suppress warnings and notes'
complete -c smgen -l errors -x -a 'text json' -d 'format of errors'
complete -c smgen -l metrics -r -d 'keep metrics for Prometheus there (docs/metrics.md)'
complete -c smgen -l metrics-name -x -d 'their name (default: the stream\'s id)'
complete -c smgen -l stats -x -d 'write a line of statistics at the end and on SIGUSR1'
complete -c smgen -l stats-every -x -d 'with --stats: also at this interval'
complete -c smgen -l help -s h -d 'print this help and exit'
complete -c smgen -l version -s V -d 'print the version and exit'
complete -c smgen -f
