import Glibc

/// What the machine calls itself.
package enum HostName {
    /// As gethostname(2) says it, which is what pam_u2f goes by; `localhost` where it says nothing.
    package static var own: String {
        // HOST_NAME_MAX is 64.
        var bytes = [CChar](repeating: 0, count: 256)
        guard unsafe gethostname(&bytes, bytes.count - 1) == 0 else { return "localhost" }
        let name = String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return name.isEmpty ? "localhost" : name
    }
}
