//! Why a command did not do what it was asked, and what to do now.

super::texts! {
    error_prefix() { en: "error:", ko: "오류:" }
    warning_prefix() { en: "warning:", ko: "주의:" }
    not_running(endpoint) { en: "no server answers at {endpoint}", ko: "{endpoint}에서 응답하는 서버가 없습니다" }
    start_one() { en: "start one with: gureum up -d", ko: "이렇게 시작합니다: gureum up -d" }
    function_failed(payload) { en: "the function failed: {payload}", ko: "함수가 실패했습니다: {payload}" }
    see_its_log() { en: "see its log with: gureum logs FUNCTION", ko: "로그 보기: gureum logs FUNCTION" }
    timed_out(what, seconds) { en: "{what} did not happen within {seconds} s", ko: "{seconds}초 안에 끝나지 않았습니다: {what}" }
    see_status() { en: "see what it is doing with: gureum status", ko: "무엇을 하는지 보기: gureum status" }
    nothing_known(what) { en: "{what}: nothing is recorded about it", ko: "{what}: 기록된 것이 없습니다" }
    nothing_went_wrong() {
        en: "nothing is recorded in this account and region",
        ko: "이 계정과 리전에는 기록된 것이 없습니다",
    }
    success_leaves_nothing() {
        en: "a plain success leaves no record, and records go after 7 days; is it the same account and region?",
        ko: "정상적인 성공은 기록을 남기지 않으며 기록은 7일 뒤에 사라집니다. 계정과 리전이 맞습니까?",
    }
    not_an_id(text) { en: "'{text}' is no id", ko: "'{text}'은(는) ID가 아닙니다" }
    where_ids_are() {
        en: "give x-amzn-RequestId of an answer, or a MessageId with --message",
        ko: "응답의 x-amzn-RequestId를 주거나 --message로 MessageId를 주십시오",
    }
    command_not_found(program) {
        en: "cannot run {program}: command not found",
        ko: "{program}을(를) 실행할 수 없습니다: 명령을 찾을 수 없습니다",
    }
    cannot_run(program, cause) { en: "cannot run {program}: {cause}", ko: "{program}을(를) 실행할 수 없습니다: {cause}" }
    is_it_installed() {
        en: "is it installed, and its folder on the PATH?",
        ko: "설치되어 있고 그 폴더가 PATH에 있습니까?",
    }
    set_keys() {
        en: "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to a key of this server",
        ko: "AWS_ACCESS_KEY_ID와 AWS_SECRET_ACCESS_KEY에 이 서버의 키를 넣으십시오",
    }
    no_threads() { en: "the operating system gives no threads", ko: "운영 체제가 스레드를 주지 않습니다" }
    cannot_serve() { en: "the server cannot run", ko: "서버를 실행할 수 없습니다" }
    option_help() { en: "gureum up --help lists every option", ko: "모든 옵션은 gureum up --help에 있습니다" }
    not_http(endpoint) {
        en: "the endpoint {endpoint} is not an http:// address",
        ko: "엔드포인트 {endpoint}이(가) http:// 주소가 아닙니다",
    }
    give_http() {
        en: "commands talk to the server on this machine: give its http://127.0.0.1:PORT",
        ko: "명령은 이 컴퓨터의 서버와 통신합니다: http://127.0.0.1:PORT 형식으로 주십시오",
    }
    answer_not_json() { en: "the answer is not JSON", ko: "응답이 JSON이 아닙니다" }
    answer_broke_off() { en: "the answer broke off", ko: "응답이 중간에 끊겼습니다" }
    not_an_address(endpoint) { en: "{endpoint} is not an address", ko: "{endpoint}은(는) 주소가 아닙니다" }
    request_impossible() { en: "the request cannot be made", ko: "요청을 만들 수 없습니다" }
    cannot_read_event(data) { en: "cannot read the event {data}", ko: "이벤트 {data}을(를) 읽을 수 없습니다" }
    cannot_read_body(body) { en: "cannot read the body {body}", ko: "본문 {body}을(를) 읽을 수 없습니다" }
    not_an_attribute(pair) { en: "'{pair}' is not an attribute", ko: "'{pair}'은(는) 속성이 아닙니다" }
    attribute_form() {
        en: "write NAME=VALUE, or NAME:Number=VALUE",
        ko: "이름=값 또는 이름:Number=값으로 쓰십시오",
    }
    move_failed(count, reason) {
        en: "the move failed; messages moved: {count}: {reason}",
        ko: "메시지 {count}개를 옮긴 뒤 실패했습니다: {reason}",
    }
    event_not_json() { en: "the event is not JSON", ko: "이벤트가 JSON이 아닙니다" }
    event_form() {
        en: "give JSON in quotes, @FILE, or - for standard input: gureum invoke FUNCTION -d '{{\"id\":\"1\"}}'",
        ko: "따옴표로 싼 JSON, @파일, 또는 표준 입력을 뜻하는 -를 주십시오: gureum invoke FUNCTION -d '{{\"id\":\"1\"}}'",
    }
    several_events() { en: "one invocation takes one event", ko: "한 번의 호출은 이벤트 하나를 받습니다" }
    several_events_hint() {
        en: "more than one --data goes with --event sqs, sns, kinesis, s3 or dynamodb: one record each",
        ko: "--data를 여러 번 쓰려면 --event sqs, sns, kinesis, s3, dynamodb와 함께 쓰십시오: 하나가 레코드 하나입니다",
    }
    wrong_part(pair) {
        en: "--with {pair} sets no part of this event",
        ko: "--with {pair}: 이 이벤트에 그런 부분은 없습니다",
    }
    parts(names) { en: "the parts of this event: {names}", ko: "이 이벤트의 부분: {names}" }
    item_not_object() { en: "an item is a JSON object", ko: "항목은 JSON 객체여야 합니다" }
    item_form() {
        en: "gureum invoke FUNCTION --event dynamodb -d '{{\"id\":\"1\"}}'",
        ko: "예: gureum invoke FUNCTION --event dynamodb -d '{{\"id\":\"1\"}}' (함수 이름과 항목)",
    }
    cannot_make_temporary_folder() { en: "cannot make a temporary folder", ko: "임시 폴더를 만들 수 없습니다" }
    no_note() { en: "the server left no note", ko: "서버가 실행 기록을 남기지 않았습니다" }
    cannot_watch() { en: "cannot watch over the command", ko: "명령을 지켜볼 수 없습니다" }
    cannot_make(path) { en: "cannot make {path}", ko: "{path}을(를) 만들 수 없습니다" }
    cannot_write(path) { en: "cannot write {path}", ko: "{path}에 쓸 수 없습니다" }
    cannot_find_program() { en: "cannot find this program", ko: "이 프로그램을 찾을 수 없습니다" }
    cannot_start_server() { en: "cannot start the server", ko: "서버를 시작할 수 없습니다" }
    cannot_start_again() { en: "the server cannot start again", ko: "서버를 다시 시작할 수 없습니다" }
    cannot_read_panel() { en: "cannot read the server's panel", ko: "서버의 안내 화면을 읽을 수 없습니다" }
    ended_before_ready() { en: "the server ended before it was ready", ko: "서버가 준비되기 전에 끝났습니다" }
    see_file(path) { en: "see {path}", ko: "{path} 참고" }
    start_of_server() { en: "the start of the server", ko: "서버의 시작" }
    end_of_server() { en: "the end of the server", ko: "서버의 종료" }
    readiness() { en: "the server's readiness", ko: "서버의 준비" }
    end_of_init_scripts() { en: "the end of the init scripts", ko: "초기화 스크립트의 종료" }
    note_damaged() { en: "the run note is damaged", ko: "실행 기록이 손상되었습니다" }
    cannot_stop(pid) { en: "cannot stop process {pid}", ko: "프로세스 {pid}을(를) 멈출 수 없습니다" }
    no_function_named() { en: "no function is named", ko: "함수 이름이 없습니다" }
    logs_usage() {
        en: "gureum logs FUNCTION, or gureum logs --group NAME",
        ko: "gureum logs FUNCTION 또는 gureum logs --group NAME",
    }
    not_a_length(text) { en: "'{text}' is not a length of time", ko: "'{text}'은(는) 시간 길이가 아닙니다" }
    lengths() {
        en: "write a number and a unit: 500ms, 36s, 5m, 6h, 2d",
        ko: "숫자와 단위를 쓰십시오: 500ms, 36s, 5m, 6h, 2d",
    }
    group_missing(group) {
        en: "the log group {group} does not exist yet: it is made by the first invocation",
        ko: "로그 그룹 {group}이(가) 아직 없습니다: 첫 호출 때 만들어집니다",
    }
    tail_broke_off() { en: "the live tail broke off", ko: "실시간 로그가 끊겼습니다" }
    status_not_json() { en: "the status is not JSON", ko: "상태가 JSON이 아닙니다" }
    server_answered(status) { en: "the server answered {status}", ko: "서버가 {status}(으)로 응답했습니다" }
    no_python() { en: "there is no python3 on the PATH", ko: "PATH에 python3이 없습니다" }
    install_python() {
        en: "install Python 3.10 or newer, or leave python3 out",
        ko: "Python 3.10 이상을 설치하거나 python3을 빼십시오",
    }
    cannot_install(runtime) { en: "{runtime} cannot be installed", ko: "{runtime}을(를) 설치할 수 없습니다" }
    cannot_remove(runtime) { en: "{runtime} cannot be removed", ko: "{runtime}을(를) 지울 수 없습니다" }
    problems(count) { en: "{count} problems were found", ko: "문제 {count}개를 찾았습니다" }
    one_problem() { en: "1 problem was found", ko: "문제 1개를 찾았습니다" }
    do_the_fixes() { en: "do what stands beside each of them", ko: "각 항목 옆에 적힌 대로 하십시오" }
    unknown_option(option) { en: "unexpected argument '{option}'", ko: "알 수 없는 인자입니다: '{option}'" }
    unknown_command(command) { en: "there is no command '{command}'", ko: "'{command}'(이)라는 명령은 없습니다" }
    missing_arguments(names) { en: "these are missing: {names}", ko: "다음이 빠졌습니다: {names}" }
    wrong_value(value, option) { en: "'{value}' is no value of {option}", ko: "'{value}'은(는) {option}의 값이 될 수 없습니다" }
    missing_value(option) { en: "{option} needs a value", ko: "{option}에는 값이 필요합니다" }
    not_together(one, other) { en: "{one} cannot stand with {other}", ko: "{one}은(는) {other}와(과) 함께 쓸 수 없습니다" }
    missing_command() { en: "a command is missing", ko: "명령이 빠졌습니다" }
    wrong_usage() { en: "the command cannot be read", ko: "명령을 읽을 수 없습니다" }
    did_you_mean(names) { en: "did you mean {names}?", ko: "혹시 {names}입니까?" }
    possible_values(names) { en: "possible values: {names}", ko: "가능한 값: {names}" }
    more_help(command) { en: "more with: {command} --help", ko: "더 보기: {command} --help" }
    cannot_read_settings(path, cause) {
        en: "cannot read the settings in {path}: {cause}",
        ko: "{path}의 설정을 읽을 수 없습니다: {cause}",
    }
    not_a_listen_address(text) {
        en: "'{text}' is not an address to listen on: give IP:PORT, e.g. 127.0.0.1:4566",
        ko: "'{text}'은(는) 들을 수 있는 주소가 아닙니다: 127.0.0.1:4566처럼 IP:PORT를 주십시오",
    }
    wrong_variable(name, value) {
        en: "the variable {name} is '{value}', which it cannot be: correct it or unset it",
        ko: "환경 변수 {name}의 값 '{value}'은(는) 쓸 수 없습니다: 고치거나 지우십시오",
    }
    wrong_account(text) {
        en: "'{text}' is not an account: it has 12 digits",
        ko: "'{text}'은(는) 계정이 아닙니다: 계정은 숫자 12자리(12 digits)입니다",
    }
    any_key_off_loopback(address) {
        en: "--sandbox-any-key is for loopback only, and {address} is not",
        ko: "--sandbox-any-key는 루프백(loopback)에서만 쓸 수 있습니다. {address}은(는) 루프백이 아닙니다",
    }
    wrong_url_suffix(text) {
        en: "--url-suffix {text} is no name of this server: give localhost, aws, or a name that --host {text} makes ours",
        ko: "--url-suffix {text}은(는) 이 서버의 이름이 아닙니다: localhost나 aws, 또는 --host {text}로 이 서버의 것이 되는 이름을 주십시오",
    }
    concurrency_too_low() {
        en: "--account-concurrency must be at least 1",
        ko: "--account-concurrency는 1 이상이어야 합니다",
    }
    port_held(address, pid, name) {
        en: "{address} is in use by process {pid} ({name}): stop it, or choose another port with --port",
        ko: "{address}은(는) 이미 process {pid} ({name})이(가) 쓰고 있습니다: 그 프로세스를 멈추거나 --port로 다른 포트를 고르십시오",
    }
    port_taken(address) {
        en: "{address} is in use: choose another port with --port",
        ko: "{address}은(는) 이미 쓰이고 있습니다: --port로 다른 포트를 고르십시오",
    }
    cannot_listen(address) { en: "cannot listen on {address}", ko: "{address}에서 들을 수 없습니다" }
    init_scripts_unreadable(path) { en: "the init scripts in {path}", ko: "{path}의 초기화 스크립트" }
}
