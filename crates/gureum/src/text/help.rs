//! The help of every command and option in Korean. The English stands with the commands themselves.

use clap::{Arg, ArgAction, Command};

use super::Language;

const TEMPLATE: &str = "{about-with-newline}\n사용법: {usage}\n\n{all-args}{after-help}";

/// `command --option`, `command <ARGUMENT>` or `command` → its help.
const KOREAN: &[(&str, &str)] = &[
    ("", "AWS용으로 만든 서버리스 애플리케이션을 자기 컴퓨터에서 실행합니다."),
    ("--json", "말 대신 JSON 객체 하나를 표준 출력에 씁니다"),
    ("--endpoint", "통신할 서버. 기본값: $GUREUM_ENDPOINT, $AWS_ENDPOINT_URL, 실행 중인 서버"),
    ("--lang", "사용할 언어. 기본값: $GUREUM_LANG, 로캘"),
    ("up", "서버를 시작합니다"),
    ("up --listen", "들을 주소 IP:PORT. 여러 번 줄 수 있습니다. 기본값: 127.0.0.1:4566"),
    ("up --port", "127.0.0.1의 포트. 0이면 빈 포트를 고릅니다. 기본값: 4566"),
    ("up --data", "모든 상태를 두는 폴더. 기본값: $XDG_DATA_HOME/gureum"),
    ("up --ephemeral", "아무것도 남기지 않습니다: 끝나면 지우는 새 폴더를 씁니다"),
    (
        "up --durability",
        "쓰기를 언제 확인하는가: durable(fdatasync 뒤), relaxed(운영 체제가 받은 뒤), memory(디스크에 쓰지 않음). 기본값: durable",
    ),
    ("up --strict", "루프백에서도 AWS처럼 모든 호출의 서명을 확인합니다"),
    ("up --insecure", "루프백이 아닌 주소에서 평문 HTTP를 허용합니다"),
    ("up --account", "계정을 밝히지 않은 호출의 계정. 기본값: 000000000000"),
    ("up --region", "리전을 밝히지 않은 호출의 리전. 기본값: us-east-1"),
    ("up --host", "이 서버의 공개 호스트 이름. 여러 번 줄 수 있습니다"),
    ("up --url-suffix", "함수 URL이 끝나는 HOST[:PORT], 또는 AWS의 이름을 뜻하는 aws. 기본값: localhost:PORT"),
    ("up --cors-origin", "제어 API를 호출해도 되는 웹 출처. 여러 번 줄 수 있습니다"),
    ("up --account-concurrency", "계정의 동시 실행 수. 기본값: 1000"),
    ("up --sandbox-any-key", "다른 에뮬레이터처럼 함수가 아무 키로나 서명할 수 있습니다 (루프백에서만)"),
    ("up --virtual-clock", "`gureum time advance`로 예정 시각을 옮길 수 있게 합니다"),
    (
        "up --init",
        "LocalStack처럼 DIR의 boot.d, start.d, ready.d, shutdown.d에 있는 스크립트를 실행합니다. 기본값: 사용자의 것일 때 /etc/localstack/init",
    ),
    ("up --config", "./gureum.toml 대신 이 파일을 읽습니다"),
    ("up --show-config", "적용되는 설정을 보여 주고 끝냅니다"),
    ("up --detach", "뒤에서 실행하고, 서버가 준비되면 돌아옵니다"),
    ("up --function-network", "함수가 쓸 네트워크: none(자기만의 것), host(이 컴퓨터의 것). 기본값: none"),
    ("up --allow-unisolated", "함수를 격리할 수 없어도 루프백이 아닌 주소에서 시작합니다"),
    ("up --localstack-env", "LocalStack용으로 쓴 코드가 서버를 찾는 데 쓰는 변수를 함수에 줍니다"),
    ("down", "실행 중인 서버를 멈춥니다"),
    ("status", "무엇이 어디서 실행되고 무엇이 격리되지 않았는지 봅니다"),
    ("wait", "서버가 준비되고 초기화 스크립트가 끝날 때까지 기다립니다"),
    ("wait --timeout", "이 초가 지나면 포기합니다"),
    ("env", "AWS 클라이언트를 이 서버로 향하게 하는 변수를 출력합니다: eval \"$(gureum env)\""),
    ("env --shell", "출력 형식. gha는 $GITHUB_ENV가 가리키는 파일의 줄, dotenv는 NAME=value 줄입니다"),
    ("env --profile", "대신 AWS 설정 파일과 자격 증명 파일에 프로필 `gureum`을 씁니다"),
    ("exec", "AWS 클라이언트가 무엇이든 이 서버와 통신하도록 하여 명령을 실행합니다"),
    ("run", "자기만의 새 서버로 명령을 실행하고, 그 코드로 끝나며 무엇이 실패했는지 알립니다"),
    ("run --verbose", "서버의 시작과 종료에 걸린 시간을 알립니다"),
    ("run <COMMAND>", "명령과 그 인자. 예: gureum run -- npm test"),
    ("exec <COMMAND>", "명령과 그 인자. 예: gureum exec -- npx serverless deploy"),
    ("reset", "모두 지웁니다: 함수, 로그, 역할, 키"),
    ("keys", "계정의 루트 키"),
    ("keys create", "루트 키를 만듭니다. 비밀 키는 한 번만 보여 줍니다"),
    ("keys create --account", "계정. 기본값: 서버의 계정"),
    ("keys list", "루트 키의 ID를 봅니다"),
    ("keys list --account", "계정. 기본값: 서버의 계정"),
    ("keys delete", "루트 키를 지웁니다"),
    ("keys delete <ACCESS_KEY_ID>", "지울 키의 ID"),
    ("invoke", "함수를 호출합니다. 함수가 실패하면 종료 코드는 6입니다"),
    ("invoke <FUNCTION>", "이름 또는 ARN"),
    (
        "invoke --data",
        "이벤트: JSON, @파일, 또는 표준 입력을 뜻하는 -. --event와 함께 쓰면 이벤트에 실을 것이며 레코드마다 한 번씩 줍니다",
    ),
    ("invoke --event", "AWS의 이 서비스가 보내는 이벤트에 데이터를 넣습니다"),
    (
        "invoke --with",
        "--event의 부분을 정합니다. 예: --with queue=jobs. 여러 번 줄 수 있고, 틀린 이름에는 있는 이름을 모두 알려 줍니다",
    ),
    ("invoke --show-event", "이벤트를 출력하고 아무것도 호출하지 않습니다"),
    ("invoke --log", "응답 옆에 출력할 로그: tail은 AWS가 주는 마지막 4 KB"),
    ("invoke --async", "이벤트를 대기열에 넣고 바로 돌아옵니다"),
    ("invoke --qualifier", "버전 또는 별칭"),
    ("logs", "함수의 로그를 오래된 것부터 봅니다. -f는 이어서 봅니다"),
    ("logs <FUNCTION>", "함수의 이름"),
    ("logs --group", "함수 대신 아무 로그 그룹"),
    ("logs --follow", "새 줄을 이어서 봅니다"),
    ("logs --filter", "이 필터 패턴에 맞는 줄만"),
    ("logs --since", "얼마나 거슬러 올라가는가: 30s, 10m, 2h, 1d"),
    ("why", "요청이 왜 실패했는지, 메시지가 어떻게 되었는지 알려 줍니다"),
    ("why <REQUEST_ID>", "요청의 ID: 응답의 x-amzn-RequestId, 또는 로그에 있는 호출의 ID. 메시지의 ID도 됩니다"),
    ("why --last", "가장 최근에 잘못된 것"),
    ("why --message", "SQS 메시지의 ID"),
    ("queue", "큐와 그 메시지"),
    ("queue ls", "큐의 메시지 수, 데드 레터 큐, 소비자를 봅니다"),
    ("queue ls <PREFIX>", "이름이 이렇게 시작하는 큐만"),
    ("queue peek", "큐의 앞쪽 메시지를 봅니다. 아무도 받지 않으며 수신 횟수도 그대로입니다"),
    ("queue peek <QUEUE>", "큐의 이름"),
    ("queue peek --limit", "보여 줄 메시지 수"),
    ("queue send", "메시지를 보냅니다"),
    ("queue send <QUEUE>", "이름 또는 URL"),
    ("queue send <BODY>", "본문: 글, @파일, 또는 표준 입력을 뜻하는 -"),
    ("queue send --attribute", "메시지 속성 이름=값 또는 이름:Number=값. 여러 번 줄 수 있습니다"),
    ("queue send --group", "메시지 그룹"),
    ("queue send --deduplication", "FIFO 큐의 중복 제거 ID"),
    ("queue send --delay", "아무도 받지 못하는 시간: 30s, 5m"),
    ("queue redrive", "데드 레터를 온 곳으로 되돌립니다. Ctrl-C로 멈춥니다"),
    ("queue redrive <QUEUE>", "데드 레터 큐의 이름 또는 URL"),
    ("queue redrive --to", "각 메시지가 온 곳 대신 이 큐로 옮깁니다"),
    ("queue redrive --rate", "초당 메시지 수, 500까지. 기본값: AWS처럼 알아서"),
    ("queue purge", "큐의 메시지를 모두 지웁니다"),
    ("queue purge <QUEUE>", "이름 또는 URL"),
    ("runtime", "함수가 쓸 수 있는 런타임"),
    ("runtime list", "함수를 쓸 수 있는 언어, 여기 있는 것과 받아 올 것"),
    ("runtime install", "사용자의 npm과 pip로 런타임을 받습니다. 런타임을 처음 쓰는 함수도 받습니다"),
    ("runtime install <RUNTIMES>", "예: nodejs14.x python3.11. python3은 이 컴퓨터의 python3 버전입니다"),
    ("runtime rm", "런타임과 그것만 쓰는 것을 지웁니다"),
    ("runtime rm <RUNTIMES>", "예: nodejs14.x"),
    ("time", "--virtual-clock으로 시작한 서버의 가상 시계"),
    ("time advance", "예정 시각을 앞당깁니다: 36s, 5m, 6h, 2d"),
    ("time advance <BY>", "얼마나: 36s, 5m, 6h, 2d"),
    ("doctor", "이 컴퓨터에서 무엇이 되고 무엇이 안 되는지, 왜 그런지, 어떻게 고치는지 봅니다"),
    ("completion", "셸의 자동 완성 스크립트를 출력합니다"),
    ("completion <SHELL>", "셸"),
];

fn find(key: &str) -> Option<&'static str> {
    KOREAN.iter().find(|(name, _)| *name == key).map(|(_, text)| *text)
}

/// `up --port`, `invoke <FUNCTION>`.
fn key(path: &str, arg: &Arg) -> String {
    let name = match arg.get_long() {
        Some(long) => format!("--{long}"),
        None => format!("<{}>", arg.get_id().as_str().to_uppercase()),
    };
    join(path, &name)
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path} {name}") }
}

/// The command with its help in the language.
pub fn in_language(command: Command, language: Language) -> Command {
    match language {
        Language::English => command,
        Language::Korean => {
            let command = korean(command, "").disable_help_subcommand(true);
            command.disable_version_flag(true).arg(
                Arg::new("version")
                    .short('V')
                    .long("version")
                    .action(ArgAction::Version)
                    .help("버전")
                    .help_heading("옵션"),
            )
        }
    }
}

fn korean(command: Command, path: &str) -> Command {
    let command = match find(path) {
        Some(text) => command.about(text).long_about(None::<&str>),
        None => command,
    };
    let help = Arg::new("help").short('h').long("help").action(ArgAction::Help).help("도움말").help_heading("옵션");
    command
        .help_template(TEMPLATE)
        .subcommand_help_heading("명령")
        .mut_args(|arg| korean_arg(arg, path))
        .mut_subcommands(|sub| {
            let path = join(path, sub.get_name());
            korean(sub, &path)
        })
        .disable_help_flag(true)
        .arg(help)
}

fn korean_arg(arg: Arg, path: &str) -> Arg {
    let Some(text) = find(&key(path, &arg)) else { return arg };
    let mut text = text.to_owned();
    let takes_value = arg.get_action().takes_values();
    let values: Vec<_> = arg.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
    if takes_value && !values.is_empty() {
        text.push_str(&format!(" [가능한 값: {}]", values.join(", ")));
    }
    let defaults: Vec<_> = arg.get_default_values().iter().map(|value| value.to_string_lossy().into_owned()).collect();
    if takes_value && !defaults.is_empty() {
        text.push_str(&format!(" [기본값: {}]", defaults.join(", ")));
    }
    let heading = if arg.is_positional() { "인자" } else { "옵션" };
    let arg = arg.help(text).long_help(None::<&str>).help_heading(heading);
    if takes_value { arg.hide_possible_values(true).hide_default_value(true) } else { arg }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::CommandFactory;

    use super::*;
    use crate::cli::Cli;

    fn keys(command: &Command, path: &str, into: &mut BTreeSet<String>) {
        into.insert(path.to_owned());
        into.extend(command.get_arguments().filter(|arg| !arg.is_hide_set()).map(|arg| key(path, arg)));
        for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
            keys(sub, &join(path, sub.get_name()), into);
        }
    }

    #[test]
    fn every_command_and_option_is_explained_in_both_languages_and_nothing_else_is() {
        let mut asked = BTreeSet::new();
        keys(&Cli::command(), "", &mut asked);
        let told: BTreeSet<String> = KOREAN.iter().map(|(key, _)| (*key).to_owned()).collect();
        assert_eq!(asked.difference(&told).collect::<Vec<_>>(), Vec::<&String>::new(), "without Korean help");
        assert_eq!(told.difference(&asked).collect::<Vec<_>>(), Vec::<&String>::new(), "help of what is gone");
        assert_eq!(told.len(), KOREAN.len(), "a key stands twice");
    }

    #[test]
    fn korean_help_holds_no_english_headings() {
        fn check(command: &mut Command) {
            let help = command.render_long_help().to_string();
            for english in ["Usage:", "Options:", "Commands:", "Arguments:", "Print help", "[default", "[possible"] {
                assert!(!help.contains(english), "{english} in the help of {}:\n{help}", command.get_name());
            }
            for sub in command.get_subcommands_mut() {
                check(sub);
            }
        }
        let mut command = in_language(Cli::command(), Language::Korean);
        command.build();
        check(&mut command);
    }
}
