/// Seals secrets for the store and opens them again.
package protocol SecretSealing: Sendable {
    /// Seals `payload` so that it opens at `place` alone.
    func seal(_ payload: borrowing Secret, at place: some SealedPlace) throws(StoreFailure) -> [UInt8]
    /// Opens what was sealed for `place`; throws `damaged` for anything else.
    func open(_ sealed: [UInt8], at place: some SealedPlace) throws(StoreFailure) -> Secret
    /// Whether it was sealed with the key that `seal` takes: false for what another key is needed for, and for what
    /// nobody has sealed.
    func isCurrent(_ sealed: [UInt8]) -> Bool
}

/// A row of the store that holds something sealed.
package protocol SealedPlace: Sendable {
    /// Bytes that no other place has.
    var placeBytes: [UInt8] { get }
    /// What is kept there, in words for the journal.
    var placeName: String { get }
}

extension DeviceKey: SealedPlace {
    package var placeBytes: [UInt8] {
        var bytes: [UInt8] = [1]
        bytes.reserveCapacity(64)
        bytes.append(part: account.text)
        bytes.append(part: module.type)
        bytes.append(module.id == nil ? 0 : 1)
        bytes.append(part: module.id ?? "")
        bytes.append(part: device)
        return bytes
    }

    package var placeName: String { "the secret of \(account), \(module), device \(device)" }
}

extension UserKey: SealedPlace {
    package var placeBytes: [UInt8] {
        var bytes: [UInt8] = [2]
        bytes.append(part: provider.type)
        bytes.append(provider.id == nil ? 0 : 1)
        bytes.append(part: provider.id ?? "")
        bytes.append(part: username.text)
        return bytes
    }

    package var placeName: String { "the password of \(username) at \(provider)" }
}

extension [UInt8] {
    /// Appends a text behind its length, so that no two lists of texts are the same bytes.
    fileprivate mutating func append(part text: String) {
        let length = UInt32(clamping: text.utf8.count)
        for shift in [24, 16, 8, 0] { append(UInt8(truncatingIfNeeded: length >> UInt32(shift))) }
        append(contentsOf: text.utf8)
    }
}
