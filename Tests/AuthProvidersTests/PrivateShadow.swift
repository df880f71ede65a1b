import Glibc
import Testing

/// Runs `body` on a thread of its own that sees `shadow` as /etc/shadow; nobody else does.
///
/// Needs root. Mount namespaces and the file system's uid are a thread's own in Linux, and end with it.
func withPrivateShadow<Result: Sendable>(
    _ shadow: String, asNobody: Bool = false, _ body: @escaping @Sendable () -> Result
) throws -> Result {
    var path = Array("/tmp/twostep-shadow-XXXXXX".utf8CString)
    let file = unsafe mkstemp(&path)
    try #require(file >= 0)
    defer {
        close(file)
        unsafe unlink(path)
    }
    let written = unsafe write(file, shadow, shadow.utf8.count)
    try #require(written == shadow.utf8.count)
    let box = Box<Result> {
        guard call("unshare", cloneFS | cloneNewNS) == 0,
            unsafe mount("none", "/", nil, UInt(MS_REC) | UInt(MS_PRIVATE), nil) == 0,
            unsafe mount(path, "/etc/shadow", nil, UInt(MS_BIND), nil) == 0
        else { return nil }
        if asNobody { _ = call("setfsuid", 65_534) }
        return body()
    }
    var thread = pthread_t()
    let started = unsafe pthread_create(
        &thread, nil,
        { argument in
            guard let argument = unsafe argument else { return nil }
            unsafe Unmanaged<Runnable>.fromOpaque(argument).takeUnretainedValue().run()
            return nil
        }, Unmanaged<Runnable>.passUnretained(box).toOpaque())
    try #require(started == 0)
    pthread_join(thread, nil)
    return try #require(box.result)
}

private class Runnable {
    func run() {}
}

private final class Box<Result>: Runnable {
    let body: () -> Result?
    var result: Result?

    init(_ body: @escaping () -> Result?) { self.body = body }

    override func run() { result = body() }
}

/// CLONE_FS and CLONE_NEWNS of <sched.h>.
private let cloneFS: Int32 = 0x200
private let cloneNewNS: Int32 = 0x2_0000

/// Calls a function of one number that libc declares for _GNU_SOURCE alone, and so the Glibc module does not; -1 if
/// there is no such function.
private func call(_ name: String, _ argument: Int32) -> Int32 {
    guard let symbol = unsafe dlsym(nil, name) else { return -1 }
    return unsafe unsafeBitCast(symbol, to: (@convention(c) (Int32) -> Int32).self)(argument)
}
