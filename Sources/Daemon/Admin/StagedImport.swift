import AdminProtocol
import Authentication

/// The devices that one connection has staged: abandoned, they leave nothing.
final class StagedImport {
    /// In the order in which they came; emptied by a refusal, after which nothing can be staged any more.
    private(set) var devices: [PendingEnrollment] = []
    private var keys: Set<DeviceKey> = []
    private(set) var isSpoilt = false

    /// Adds a device; returns why it cannot be.
    func add(_ pending: PendingEnrollment) -> AdminRefusal? {
        guard devices.count < StagedDevice.largestImport else {
            return AdminRefusal(.badParameter, "An import has at most \(StagedDevice.largestImport) devices.")
        }
        guard keys.insert(pending.key).inserted else {
            return AdminRefusal(
                .deviceExists,
                "The import has two devices '\(pending.key.device)' (\(pending.key.module)) of \(pending.key.account).")
        }
        devices.append(pending)
        return nil
    }

    /// Lets go of everything: from now on there is nothing that could be stored.
    func spoil() {
        devices = []
        keys = []
        isSpoilt = true
    }
}
