# millrace.bash - completes the words of millrace in bash.
#
# Commands and options are what `millrace help` says, so they are always those
# of the program at hand; queues and ids are what it has. Only words with a
# fixed choice of values are listed here. Each function prints one word a line.

# The help of a command, in the form that it has where nobody has changed it.
_millrace_help() { # _millrace_help WORD...
    ARGP_HELP_FMT='' "$program" help "$@" 2>/dev/null </dev/null
}

_millrace_commands() { # _millrace_commands HELP
    sed -n '/^Commands:/,/^$/s/^  \([a-z][a-z]*\) .*/\1/p' <<<"$1"
}

_millrace_options() { # _millrace_options HELP
    sed -nE 's/^ {2,6}(-[a-z], )?(--[a-z-]+).*/\2/p' <<<"$1"
}

_millrace_takes_value() { # _millrace_takes_value OPTION HELP
    grep -qE -e "^ {2,6}$1(=| +URL )" <<<"$2"
}

# Asks the program, unless the answer is none and asking would make a file.
_millrace_ask() { # _millrace_ask WORD...
    local at=${url:-${MILLRACE_URL-}}
    local file=${XDG_STATE_HOME:-$HOME/.local/state}/millrace/millrace.db
    case $at in
    memory:*) return ;;
    sqlite:*) file=${at#sqlite:} ;;
    ?*) file=/ ;;
    esac
    [[ -e ${file%%\?*} ]] || return
    timeout 3 "$program" ${url:+--url "$url"} --json "$@" 2>/dev/null </dev/null
}

# The values of a field in JSON Lines: names and ids, which need no escapes.
_millrace_field() { # _millrace_field NAME
    sed -n 's/.*"'"$1"'":"\([A-Za-z0-9._-]*\)".*/\1/p'
}

_millrace_queues() {
    _millrace_ask queue list | _millrace_field queue
}

# What may follow an option.
_millrace_values() { # _millrace_values OPTION CURRENT
    local before=
    case $1 in
    --queue) _millrace_queues ;;
    --queues | --strict)
        [[ $2 != *,* ]] || before=${2%,*},
        _millrace_queues | sed "s|^|$before|"
        ;;
    --state)
        printf '%s\n' scheduled ready retry 'done' dead
        [[ ${path[*]} == 'queue purge' ]] || printf '%s\n' active
        ;;
    --reason) printf '%s\n' exhausted rejected expired lost ;;
    --priority) printf '%s\n' high normal low ;;
    --jitter) printf '%s\n' none full equal ;;
    --backoff) printf '%s\n' exponential linear constant ;;
    --phase) printf '%s\n' enqueue drain e2e latency delayed ;;
    --plugin) compgen -f -- "$2" ;;
    --url | --backend)
        printf '%s\n' sqlite: redis:// redis+unix:// memory:
        [[ $2 != sqlite:* ]] || compgen -P sqlite: -f -- "${2#sqlite:}"
        ;;
    esac
}

# What may stand where no option does.
_millrace_words() { # _millrace_words CURRENT
    case ${path[*]} in
    'queue pause' | 'queue resume' | 'queue purge') _millrace_queues ;;
    'task show' | 'task cancel' | 'task run')
        _millrace_ask task list --limit 200 | _millrace_field id
        ;;
    'dlq show' | 'dlq requeue' | 'dlq delete')
        _millrace_ask dlq list --limit 200 | _millrace_field id
        ;;
    enqueue) [[ ! $is_batch ]] || compgen -f -- "$1" ;;
    esac
}

# Walks over the words before the current one: into path go the commands, into
# help the text of the last one, into option what the current one belongs to.
_millrace_walk() { # _millrace_walk WORD...
    local word
    help=$(_millrace_help)
    for word; do
        if [[ $option ]]; then
            [[ $option != --url ]] || url=$word
            option=
            continue
        fi
        case $word in
        --) is_ended=1 ;;
        --batch) is_batch=1 ;;
        --url=*) url=${word#--url=} ;;
        --*) ! _millrace_takes_value "$word" "$help" || option=$word ;;
        help) [[ ${path[*]} ]] || is_help=1 ;;
        *)
            _millrace_commands "$help" | grep -qxF -e "$word" || continue
            path+=("$word")
            help=$(_millrace_help "${path[@]}")
            ;;
        esac
    done
}

# What fits at the end of words.
_millrace_found() { # _millrace_found CURRENT
    local commands
    if [[ $option ]]; then
        _millrace_values "$option" "$1"
    elif [[ $1 == --*=* && ! $is_ended ]]; then
        _millrace_values "${1%%=*}" "${1#*=}" | sed "s|^|${1%%=*}=|"
    elif [[ $1 == -* && ! $is_ended ]]; then
        _millrace_options "$help"
    else
        commands=$(_millrace_commands "$help")
        if [[ $commands || $is_help ]]; then
            printf '%s\n' "$commands"
        else
            _millrace_words "$1"
        fi
    fi
}

_millrace() {
    local words line=${COMP_LINE:0:COMP_POINT} current word mark left=
    read -ra words <<<"$line"
    [[ $line != *[[:space:]] ]] || words+=("")
    current=${words[-1]}

    local program=${words[0]/#\~/$HOME} path=() help='' url='' option=''
    local is_batch='' is_ended='' is_help=''
    _millrace_walk "${words[@]:1:${#words[@]}-2}"

    # Of a word with '=' or ':' bash replaces no more than what follows it.
    for mark in : =; do
        [[ $COMP_WORDBREAKS == *$mark* && $current == *$mark* ]] || continue
        mark=${current%"${current##*"$mark"}"}
        [[ ${#mark} -le ${#left} ]] || left=$mark
    done
    COMPREPLY=()
    while IFS= read -r word; do
        [[ ! $word || $word != "$current"* ]] || COMPREPLY+=("${word#"$left"}")
    done < <(_millrace_found "$current")

    case $option in
    --queues | --strict | --url | --backend | --backoff)
        compopt -o nospace # there may be more to come
        ;;
    --plugin) compopt -o filenames ;;
    '') [[ ! $is_batch ]] || compopt -o filenames ;;
    esac
}

complete -F _millrace millrace
