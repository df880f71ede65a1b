import CPOSIX
import Glibc
import Testing

// What tests do to files, failing the test where the system does not let them.

func setMode(_ path: String, _ mode: Int) throws { try succeed(unsafe chmod(path, mode_t(mode)), path) }

/// The tests run as root: only root gives files away.
func setOwner(_ path: String, _ uid: UInt32) throws { try succeed(unsafe chown(path, uid, uid), path) }

func makePipe(_ path: String) throws { try succeed(unsafe mkfifo(path, 0o600), path) }

func makeDirectory(_ path: String) throws { try succeed(unsafe mkdir(path, 0o700), path) }

func makeLink(_ path: String, to target: String) throws { try succeed(unsafe symlink(target, path), path) }

/// Removes a file, if it is there.
func delete(_ path: String) { _ = unsafe unlink(path) }

/// The low twelve bits of a file's mode.
func mode(of path: String) throws -> Int {
    var facts = posix_file_facts()
    try succeed(unsafe posix_lstat(path, &facts), path)
    return Int(facts.permissions)
}

/// Has a body make files under a umask that no test beside it shares: from here on this thread has one of its own (unshare(2)).
func withUmask<Value>(_ mask: mode_t, _ body: () throws -> Value) throws -> Value {
    let symbol = unsafe try #require(dlsym(nil, "unshare"))
    let unshare = unsafe unsafeBitCast(symbol, to: (@convention(c) (Int32) -> Int32).self)
    let cloneFS: Int32 = 0x200
    try succeed(unshare(cloneFS), "unshare")
    let before = umask(mask)
    defer { umask(before) }
    return try body()
}

private func succeed(_ status: Int32, _ path: String) throws {
    let code = posix_errno()
    try #require(status == 0, "\(path): error \(code)")
}
