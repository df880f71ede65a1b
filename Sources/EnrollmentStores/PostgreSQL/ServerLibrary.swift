internal import Authentication
internal import CPQ

/// libpq, loaded once and kept.
@safe
final class ServerLibrary: @unchecked Sendable {
    // Sendable although it holds a pointer: nothing writes there after it was loaded.
    let functions: UnsafePointer<pq_library>

    private init(_ functions: UnsafePointer<pq_library>) { unsafe self.functions = unsafe functions }

    private static let loaded: Result<ServerLibrary, StoreFailure> = {
        var error: UnsafePointer<CChar>?
        guard let found = unsafe pq_load(&error) else {
            let words = unsafe error.map { unsafe String(cString: $0) } ?? "it says nothing"
            return .failure(.unreachable("libpq cannot be loaded (Debian's package is libpq5): \(words)"))
        }
        return unsafe .success(ServerLibrary(UnsafePointer(found)))
    }()

    /// Throws why there is none.
    static func get() throws(StoreFailure) -> ServerLibrary { try loaded.get() }
}
