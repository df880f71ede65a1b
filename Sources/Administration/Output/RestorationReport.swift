import Authentication

/// What comes of a restored store, in words.
struct RestorationReport {
    private let outlook: RestorationOutlook
    /// The most devices that are named of one kind.
    private static let most = 50

    init(_ outlook: RestorationOutlook) { self.outlook = outlook }

    /// `12 devices of 8 accounts`
    var extent: String {
        "\(Wording.count(outlook.extent.devices, "device")) of \(Wording.count(outlook.extent.accounts, "account"))"
    }

    /// What is asked before anything is changed.
    func question(_ file: String) -> String {
        (lines + ["Restore \(extent) from \(file)?"]).joined(separator: "\n")
    }

    /// What there is to know about it.
    var lines: [String] {
        var lines: [String] = []
        if let trouble = outlook.trouble {
            lines.append(
                "The present store cannot be read: \(trouble). Its blocks and failures are lost; those of the backup hold."
            )
        }
        if outlook.resealed > 0 {
            lines.append(
                "Sealed anew with twostep.key: \(Wording.count(outlook.resealed, "secret")). It stays the key of the store."
            )
        }
        if !outlook.kept.isEmpty {
            lines.append("Codes stay used that were used since, of: \(names(outlook.kept))")
        }
        if !outlook.exposed.isEmpty {
            lines.append(
                "Codes that were used since the backup may be good again, of: \(names(outlook.exposed))\n"
                    + "Renew recovery codes among them, and remove devices that were taken away since.")
        }
        if !outlook.passwords.isEmpty {
            lines.append("Their password is that of the backup again: \(names(outlook.passwords))")
        }
        if !outlook.removed.isEmpty {
            lines.append("Users that are left out, since they were removed: \(names(outlook.removed))")
        }
        if !outlook.unlinked.isEmpty {
            let names = outlook.unlinked.prefix(RestorationReport.most).map {
                "\($0.user.username) (\($0.user.provider)) for \($0.account)"
            }
            let more = outlook.unlinked.count - names.count
            lines.append(
                "Credentials that are left out, since they were removed: \(names.joined(separator: ", "))"
                    + (more > 0 ? ", and \(more) more (--json names them all)" : ""))
        }
        if outlook.unchecked > 0 {
            lines.append(
                "Accounts may be opened again by \(Wording.count(outlook.unchecked, "credential")) of the backup, removed since "
                    + "or not: check them all with twostep credentials.")
        }
        if !outlook.lost.isEmpty {
            lines.append("Not in the backup, and gone then: \(names(outlook.lost))")
        }
        if !outlook.replaced.isEmpty {
            lines.append(
                "Replaced since the backup, and gone then; what they replaced opens accounts again: \(names(outlook.replaced))"
            )
        }
        if !outlook.dropped.isEmpty {
            lines.append("Left out, since it may be used up: \(names(outlook.dropped))")
        }
        return lines
    }

    /// The same for programs.
    var members: [(String, JSONValue)] {
        [
            ("accounts", .integer(Int64(outlook.extent.accounts))),
            ("devices", .integer(Int64(outlook.extent.devices))),
            ("trouble", .text(outlook.trouble)), ("kept", list(outlook.kept)), ("exposed", list(outlook.exposed)),
            ("lost", list(outlook.lost)), ("replaced", list(outlook.replaced)), ("left_out", list(outlook.dropped)),
            ("resealed", .integer(Int64(outlook.resealed))),
            ("credentials_unchecked", .integer(Int64(outlook.unchecked))),
            (
                "credentials_left_out",
                .list(
                    outlook.unlinked.map { listing in
                        .object([
                            ("username", .text(listing.user.username.text)),
                            ("provider", .text(listing.user.provider.description)),
                            ("account", .text(listing.account.text)),
                        ])
                    })
            ),
            ("passwords", list(outlook.passwords)), ("users_left_out", list(outlook.removed)),
        ]
    }

    private func names(_ keys: [DeviceKey]) -> String {
        let shown = keys.prefix(RestorationReport.most).map { "\($0.account) \($0.device) (\($0.module))" }
        let more = keys.count - shown.count
        return shown.joined(separator: ", ") + (more > 0 ? ", and \(more) more (--json names them all)" : "")
    }

    private func names(_ users: [UserKey]) -> String {
        let shown = users.prefix(RestorationReport.most).map { "\($0.username) (\($0.provider))" }
        let more = users.count - shown.count
        return shown.joined(separator: ", ") + (more > 0 ? ", and \(more) more (--json names them all)" : "")
    }

    private func list(_ users: [UserKey]) -> JSONValue {
        .list(
            users.map { user in
                .object([("username", .text(user.username.text)), ("provider", .text(user.provider.description))])
            })
    }

    private func list(_ keys: [DeviceKey]) -> JSONValue {
        .list(
            keys.map { key in
                .object([
                    ("account", .text(key.account.text)), ("module", .text(key.module.description)),
                    ("device", .text(key.device)),
                ])
            })
    }
}
