package import Authentication
import Daemon

/// Makes the empty store of a new installation.
package protocol StoreMaker {
    /// Makes the store in `directory`, or in the database that `configuration` names, under the key in `keyFile`, unless one is
    /// there; returns whether it did.
    func makeStore(in directory: String, keyFile: String, configuration: String) throws(StoreFailure) -> Bool
}

/// The store of this machine.
package struct HostStoreMaker: StoreMaker {
    package init() {}

    package func makeStore(
        in directory: String, keyFile: String, configuration: String
    ) throws(StoreFailure) -> Bool {
        try StoreCreation.createIfMissing(in: directory, keyFile: keyFile, configuration: configuration)
    }
}
