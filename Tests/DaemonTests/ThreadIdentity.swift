import Glibc

/// Who this thread is to the kernel: SO_PEERCRED tells the far end so of whoever connects.
///
/// libc's own functions would change all threads of the process, and with them other tests.
enum ThreadIdentity {
    private typealias Call = @convention(c) (CLong, CLong, CLong, CLong) -> CLong
    /// setresuid(2): glibc's macro for it is one that Swift does not read.
    #if arch(x86_64)
    private static let setresuid: CLong = 117
    #else
    private static let setresuid: CLong = 147
    #endif

    /// Runs `body` with this effective uid.
    static func with<Result>(uid: UInt32, _ body: () throws -> Result) throws -> Result {
        try become(uid)
        defer { try? become(0) }
        return try body()
    }

    private static func become(_ uid: UInt32) throws {
        guard let symbol = unsafe dlsym(nil, "syscall") else { throw WorldFailure("libc has no syscall(2)") }
        let call = unsafe unsafeBitCast(symbol, to: Call.self)
        // The real uid stays root's, so that there is a way back.
        guard call(setresuid, -1, CLong(uid), -1) == 0 else {
            throw WorldFailure("cannot be uid \(uid): run the tests as root, with 'make test'")
        }
    }
}
