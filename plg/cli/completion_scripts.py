"""What each shell runs to complete `plg`, and where a script is kept. The words come from `plg completion --suggest`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal, get_args

Shell = Literal["bash", "zsh", "fish", "powershell"]
SHELLS: Final[tuple[Shell, ...]] = get_args(Shell)

MARK: Final = "made by: plg completion"
"""In the first line of every script: only a file that has it is replaced or removed."""
FILES_WORD: Final = ":files"
"""Instead of words: the shell's own file names are wanted."""

_BASH = """\
# plg: completion for bash, MARK
_plg() {
    local line
    COMPREPLY=()
    while IFS= read -r line; do
        if [[ $line == FILES ]]; then
            compopt -o default
            return
        fi
        COMPREPLY+=("${line%% *}")
    done < <(plg completion --suggest bash -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _plg plg
"""

_ZSH = """\
#compdef plg
# plg: completion for zsh, MARK
_plg() {
    local line
    local -a found
    while IFS= read -r line; do
        if [[ $line == FILES ]]; then
            _files
            return
        fi
        found+=("${${line%% *}//:/\\\\:}:${line#* }")
    done < <(plg completion --suggest zsh -- "${(@)words[2,CURRENT]}" 2>/dev/null)
    _describe -V plg found
}
if [[ ${funcstack[1]} == _plg ]]; then
    _plg "$@"
elif (( $+functions[compdef] )); then
    compdef _plg plg
fi
"""

_FISH = """\
# plg: completion for fish, MARK
function __plg_suggest
    set -l typed (commandline -ct)
    set -l before (commandline -opc)
    set -l found (plg completion --suggest fish -- $before[2..-1] "$typed" 2>/dev/null)
    if test "$found[1]" = FILES
        __fish_complete_path "$typed"
    else if set -q found[1]
        string replace -- ' ' \\t $found
    end
end
complete -c plg -f -a '(__plg_suggest)'
"""

_POWERSHELL = """\
# plg: completion for PowerShell, MARK
Register-ArgumentCompleter -Native -CommandName plg -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $words = @($commandAst.CommandElements | Select-Object -Skip 1 |
        Where-Object { $_.Extent.StartOffset -lt $cursorPosition } | ForEach-Object { $_.Extent.Text })
    $empty = if ($wordToComplete -eq '') { @('--new-word') } else { @() }
    plg completion --suggest powershell @empty -- @words 2>$null | ForEach-Object {
        $word, $text = $_ -split ' ', 2
        if ($word -and $word -ne 'FILES') {
            $tip = if ($text) { $text } else { $word }
            [System.Management.Automation.CompletionResult]::new($word, $word, 'ParameterValue', $tip)
        }
    }
}
"""

_SCRIPTS: Mapping[Shell, str] = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH, "powershell": _POWERSHELL}


def script(shell: Shell) -> str:
    """The text that the shell reads."""
    return _SCRIPTS[shell].replace("MARK", MARK).replace("FILES", FILES_WORD)


def own_file(shell: Shell, environ: Mapping[str, str]) -> Path | None:
    """A file of its own where the shell looks by itself; None where there is no such place for one person."""
    home = Path(environ.get("HOME") or Path.home())
    if shell == "bash":
        base = environ.get("XDG_DATA_HOME") or home / ".local" / "share"
        return Path(base) / "bash-completion" / "completions" / "plg"
    if shell == "fish":
        base = environ.get("XDG_CONFIG_HOME") or home / ".config"
        return Path(base) / "fish" / "completions" / "plg.fish"
    return None


def is_ours(file: Path) -> bool:
    """Whether we wrote it. Raises OSError when it cannot be read."""
    with file.open("rb") as stream:
        return MARK.encode() in stream.read(200)
