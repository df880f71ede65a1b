package import Authentication

/// A store that may be copied, or copied to: where it is.
package enum CopyEnd: Sendable {
    /// The file in a state directory.
    case sqlite(directory: String)
    case postgresql(PostgreSQLPlace)

    /// Which store it is, without anything secret.
    package var description: String {
        switch self {
        case .sqlite(let directory): StateDirectory(path: directory).database
        case .postgresql(let place): place.description
        }
    }

    /// What the store there says of a copy, whoever has it open; nil where it says nothing.
    package func mark() throws(StoreFailure) -> StoreMark? { try source().mark() }

    func source() throws(StoreFailure) -> any CopySource {
        switch self {
        case .sqlite(let directory): try SQLiteSource(in: directory)
        case .postgresql(let place): try ServerSource(at: place)
        }
    }

    func target() throws(StoreFailure) -> any CopyTarget {
        switch self {
        case .sqlite(let directory): try SQLiteTarget(in: directory)
        case .postgresql(let place): try ServerTarget(at: place)
        }
    }
}
