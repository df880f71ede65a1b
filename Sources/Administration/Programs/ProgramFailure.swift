/// Why a program could not be run, by errno.
struct ProgramFailure: Error {
    let code: Int32

    var reason: String { SystemError.text(code) }
}
