import Glibc

/// Why a program could not be run, by errno.
package struct ProgramFailure: Error {
    package let code: Int32

    /// In words.
    package var reason: String {
        guard let text = unsafe strerror(code) else { return "error \(code)" }
        return unsafe String(cString: text)
    }
}
