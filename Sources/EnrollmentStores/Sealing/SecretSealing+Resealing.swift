internal import Authentication

extension SecretSealing {
    /// A secret sealed anew at its place, with the key that seals; nil if it is that already.
    func reseal(_ sealed: [UInt8], at place: some SealedPlace) throws(StoreFailure) -> [UInt8]? {
        guard !isCurrent(sealed) else { return nil }
        return try seal(try open(sealed, at: place), at: place)
    }
}
