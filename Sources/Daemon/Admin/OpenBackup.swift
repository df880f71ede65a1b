import Authentication

/// The copy of the store that one connection has asked for: gone when the connection is.
final class OpenBackup {
    var snapshot: (any StoreSnapshot)?
}
