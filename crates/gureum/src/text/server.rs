//! What `gureum up` says when it is ready.

super::texts! {
    tagline() { en: "local serverless platform", ko: "로컬 서버리스 플랫폼" }
    endpoint() { en: "Endpoint", ko: "엔드포인트" }
    data() { en: "Data", ko: "데이터" }
    runtimes() { en: "Runtimes", ko: "런타임" }
    isolation() { en: "Isolation", ko: "격리" }
    init() { en: "Init", ko: "초기화" }
    ignored() { en: "Ignored", ko: "무시됨" }
    ignored_variables(names) { en: "LocalStack's {names}", ko: "LocalStack의 {names}" }
    init_scripts(count) {
        en: "{count} scripts   (state: /_localstack/init)",
        ko: "스크립트 {count}개   (상태: /_localstack/init)",
    }
    durable() { en: "durable (fdatasync before every answer)", ko: "영구 저장 (응답 전에 fdatasync)" }
    relaxed() { en: "relaxed (fdatasync every 100 ms)", ko: "느슨한 저장 (100 ms마다 fdatasync)" }
    memory() { en: "memory (nothing is kept)", ko: "메모리 (아무것도 남기지 않음)" }
    temporary_folder() { en: "a temporary folder", ko: "임시 폴더" }
    one_function() { en: "1 function restored", ko: "함수 1개 복원" }
    functions(count) { en: "{count} functions restored", ko: "함수 {count}개 복원" }
    no_runtimes() {
        en: "none yet: gureum runtime install nodejs20.x python3",
        ko: "아직 없음: gureum runtime install nodejs20.x python3",
    }
    all_runtimes() { en: "all: gureum runtime list", ko: "전체: gureum runtime list" }
    ready(milliseconds) { en: "Ready in {milliseconds} ms.", ko: "{milliseconds} ms 만에 준비되었습니다." }
    try_this() { en: "Try:", ko: "다음으로:" }
    first_root_key(account, path) {
        en: "The first root key of account {account} (kept in {path}):",
        ko: "계정 {account}의 첫 루트 키 ({path}에 보관됨):",
    }
}
