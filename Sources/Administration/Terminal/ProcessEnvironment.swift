import Glibc

/// The variables that this process was started with.
enum ProcessEnvironment {
    /// What one says; nil where it is empty or not there.
    static func value(of name: String) -> String? {
        guard let value = unsafe getenv(name), unsafe value.pointee != 0 else { return nil }
        return unsafe String(cString: value)
    }
}
