/// What there is left of a device: whether an answer of its could be accepted.
package enum DeviceStanding: Equatable, Sendable {
    case usable
    /// Whatever it had is spent, or over.
    case usedUp
    /// Its secret does not open, or makes no sense: nothing can be judged.
    case damaged
}

extension EnrollableModule {
    /// What there is left of a device at `now`, as the store has it. A secret is opened for it.
    package func standing(
        of listing: DeviceListing, _ sealing: any SecretSealing, at now: Moment
    ) -> DeviceStanding {
        do throws(StoreFailure) {
            let payload = try sealing.open(listing.device.sealed, at: listing.key)
            return payload.withBytes { standing(of: $0, state: listing.device.state, at: now) }
        } catch {
            return .damaged
        }
    }
}
