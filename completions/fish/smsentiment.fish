# fish completion for smsentiment, generated from its option table
function __smsentiment_columns
	for w in (commandline -opc)
		test -d $w/_delta_log; and smtable schema $w --output tsv 2>/dev/null </dev/null | sed 1d | cut -f1
	end
end
complete -c smsentiment -l field -s f -x -d 'the field that holds the text (a.b is member b of object a; default text)'
complete -c smsentiment -l out -s o -x -d 'the field to add (default sentiment)'
complete -c smsentiment -l explain -d 'add `steps`: every rule applied to a word, and the word\'s valence after it'
complete -c smsentiment -l lexicon -r -d 'use another lexicon (docs/sentiment.md has the format)'
complete -c smsentiment -l edition -x -a '3.3.2 head' -d 'idioms as in the released package (default) or at the head of its repository'
complete -c smsentiment -l on-error -x -d 'what to do with a bad record: stop (default), skip and count it, or append it to FILE with the reason'
complete -c smsentiment -l unbuffered -d 'flush every record'
complete -c smsentiment -l quiet -s q -d 'suppress warnings and notes'
complete -c smsentiment -l errors -x -a 'text json' -d 'format of errors'
complete -c smsentiment -l metrics -r -d 'keep metrics for Prometheus there (docs/metrics.md)'
complete -c smsentiment -l metrics-name -x -d 'their name (default: the stream\'s id)'
complete -c smsentiment -l stats -x -d 'write a line of statistics at the end and on SIGUSR1'
complete -c smsentiment -l stats-every -x -d 'with --stats: also at this interval'
complete -c smsentiment -l help -s h -d 'print this help and exit'
complete -c smsentiment -l version -s V -d 'print the version and exit'
