import Glibc

/// The address of a Unix socket: a path, or a name in the abstract namespace written with an `@` (unix(7)).
struct LocalAddress {
    private var address = sockaddr_un()
    private let size: socklen_t
    let path: String

    /// Nil if the path is empty or too long.
    init?(path: String) {
        var bytes = Array(path.utf8)
        guard !bytes.isEmpty, bytes.count < 108, !bytes.contains(0) else { return nil }
        if bytes[0] == UInt8(ascii: "@") { bytes[0] = 0 } else { bytes.append(0) }
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
        size = socklen_t(2 + bytes.count)
        self.path = path
    }

    /// The address that a socket is bound to; nil if it is no Unix socket with a path.
    init?(of descriptor: Int32) {
        var length = socklen_t(MemoryLayout<sockaddr_un>.size)
        let status = unsafe withUnsafeMutablePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe getsockname(descriptor, $0, &length)
            }
        }
        guard status == 0, address.sun_family == sa_family_t(AF_UNIX), length > 3 else { return nil }
        size = length
        let characters = unsafe withUnsafeBytes(of: address.sun_path) { unsafe Array($0.prefix(Int(length) - 2)) }
        guard characters.first != 0 else { return nil }
        path = String(decoding: characters.prefix { $0 != 0 }, as: UTF8.self)
    }

    func withSocketAddress<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        unsafe withUnsafePointer(to: address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe body($0, size) }
        }
    }
}
