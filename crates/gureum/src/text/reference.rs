//! The head of the reference of commands.

super::texts! {
    title() { en: "Commands", ko: "명령" }
    preface() {
        en: "Written by `gureum reference` from the program itself. Every command takes `--json`, `--endpoint` and `--lang`.\nExit codes: 0 done, 1 failed, 2 wrong usage, 3 no server answers, 4 not found, 5 took too long, 6 the function failed; `exec` and\n`run` end with the code of their command, 126 when it cannot be run and 127 when it is not found.",
        ko: "`gureum reference`가 프로그램에서 직접 만든 문서입니다. 모든 명령에 `--json`, `--endpoint`, `--lang`을 쓸 수 있습니다.\n종료 코드: 0 끝남, 1 실패, 2 잘못된 사용, 3 응답하는 서버 없음, 4 찾을 수 없음, 5 시간 초과, 6 함수 실패. `exec`와 `run`은\n실행한 명령의 코드로 끝나며, 실행할 수 없으면 126, 찾을 수 없으면 127입니다.",
    }
}
