/// What comes of a restored store, beside the one that it takes the place of.
package struct RestorationOutlook: Equatable, Sendable {
    /// What is wrong with the present store, if it is there and cannot be read; then nothing is known of what was spent since.
    package var trouble: String?
    /// How many accounts and devices there are then.
    package var extent = StoreExtent(accounts: 0, devices: 0)
    /// Devices that the present store has as well, and of which it knows that codes were used since: these stay used.
    package var kept: [DeviceKey] = []
    /// Devices of which codes that were used since are good again, as far as can be told: the present store does not have
    /// them any more, or cannot be read.
    package var exposed: [DeviceKey] = []
    /// Devices of the present store that are not there then.
    package var lost: [DeviceKey] = []
    /// Devices of the present store in whose place, under the same name, there is another then: the one before it.
    package var replaced: [DeviceKey] = []
    /// Providers' users whose password is that of the backup again, as far as can be told: it was changed since, or the
    /// present store cannot be read.
    package var passwords: [UserKey] = []
    /// Providers' users of the backup whom the present store does not have, and who are left out: they were removed since.
    package var removed: [UserKey] = []
    /// Credentials of the backup that the present store does not have, and that are left out: they were removed since.
    package var unlinked: [CredentialListing] = []
    /// How many credentials of the backup open accounts again, whether or not they were removed since: there is no present
    /// store, it cannot be read, or it is as empty as a new one.
    package var unchecked = 0
    /// How many secrets of the backup are sealed anew, with the present key.
    package var resealed = 0
    /// What was handed out for a day and is left out, since it may be used up.
    package var dropped: [DeviceKey] = []

    package init() {}
}
