import AdminProtocol
import AuthModules
import Authentication
import Daemon

/// Devices of other programs on their way into the store: all of them, or none.
struct DeviceImport {
    /// A device with the place that it will have.
    private struct Target {
        let device: ForeignDevice
        let staged: StagedDevice
    }

    private let options: ImportOptions
    private var targets: [Target] = []
    private let labels: LabelOptions?
    /// How many devices of the file are not meant.
    private let leftOut: Int

    /// `labels` says which devices of an app are meant, and whose they are.
    init(
        _ devices: [ForeignDevice], labels: LabelOptions? = nil, _ options: ImportOptions
    ) throws(CommandFailure) {
        self.options = options
        self.labels = labels
        let all = devices.count
        let devices = devices.filter { labels?.takes($0) ?? true }
        leftOut = all - devices.count
        let totp = try ModuleReference(argument: options.totp)
        let hotp = try ModuleReference(argument: options.hotp)
        var taken: Set<String> = []
        for device in devices {
            let named = if let labels { try labels.account(of: device) } else { device.account }
            guard let account = named else {
                throw CommandFailure(
                    .refused, code: .files,
                    "\(device.file):\(device.line): there is no user. Nothing was stored.",
                    hint: "Say whose it is: --user USER")
            }
            let module = device.module.map { ModuleReference($0) } ?? (device.kind == .totp ? totp : hotp)
            let base =
                device.name ?? options.name ?? device.label.flatMap { DeviceImport.name($0, of: account) }
                ?? device.kind.usualName
            var name = base
            var number = 1
            // A name that the file gives is the file's mistake if it stands twice, and the daemon's to refuse.
            while !taken.insert("\(account)\n\(module.name)\n\(name)").inserted, device.name == nil {
                number += 1
                name = "\(base)-\(number)"
            }
            targets.append(
                Target(
                    device: device,
                    staged: StagedDevice(
                        account: account, module: module, device: name, parameters: device.parameters)))
        }
    }

    /// The devices of a file that one of the readers takes apart.
    init(
        of file: String, labels: LabelOptions? = nil, _ options: ImportOptions,
        readBy read: (Span<UInt8>) throws(ImportFailure) -> [ForeignDevice]
    ) throws(CommandFailure) {
        try self.init(try ForeignFile.read(file).parse(read), labels: labels, options)
    }

    /// A label as the name of a device, with room for a number behind it; nil for one that says no more than whose it is.
    private static func name(_ label: DeviceLabel, of account: String) -> String? {
        guard label.full != account else { return nil }
        var name = ""
        for scalar in JournalEntry.printable(label.full).unicodeScalars {
            guard name.utf8.count + UTF8.width(scalar) <= 60 else { break }
            if scalar != " " || !name.isEmpty { name.unicodeScalars.append(scalar) }
        }
        while name.last == " " { name.removeLast() }
        return name.isEmpty ? nil : name
    }

    /// Has the daemon take them, and says what could not be carried over.
    func perform(in world: AdministrationWorld) throws(CommandFailure) -> Report {
        guard !targets.isEmpty else {
            throw CommandFailure(.refused, code: .files, "There is no device to be imported. Nothing was stored.")
        }
        // A transaction of ten thousand devices takes its time.
        let whenPresent = try options.whenPresent()
        let connection = try DaemonConnection.open(
            options.service.runtimeDirectory, limit: max(world.replyLimit, 60_000))
        let progress = ImportProgress(of: targets.count, on: world.console, isShown: !options.output.isJSON)
        var next = 0
        while next < targets.count {
            let group = targets[next..<min(next + StagedDevice.largestGroup, targets.count)]
            var keys = SecretFields()
            do throws(AdminProtocolError) {
                for target in group { try keys.append(target.device.key) }
            } catch {
                throw CommandFailure(AdminRefusal(error))
            }
            do throws(CommandFailure) {
                let answer = try connection.ask(.stageDevices(devices: group.map(\.staged)), secrets: keys)
                guard case .staged = answer.reply else { throw connection.misplaced() }
            } catch {
                try progress.end()
                throw withoutEffect(placed(error, in: world))
            }
            next += group.count
            try progress.show(next)
        }
        try progress.end()
        let answer: DaemonConnection.Answer
        do throws(CommandFailure) {
            answer = try connection.ask(
                options.isTrial ? .checkImport(whenPresent: whenPresent) : .commitImport(whenPresent: whenPresent))
        } catch {
            throw withoutEffect(error)
        }
        guard case .imported(let imported) = answer.reply else { throw connection.misplaced() }
        return report(imported)
    }

    /// A refusal of an account that there is none of, with the place of it and of the others of its kind.
    private func placed(_ failure: CommandFailure, in world: AdministrationWorld) -> CommandFailure {
        guard failure.refusal.code == .unknownAccount else { return failure }
        let strangers = targets.filter { world.absence(of: $0.staged.account) != nil }
        guard let first = strangers.first, failure.refusal.message.contains("'\(first.staged.account)'") else {
            return failure
        }
        let others = strangers.dropFirst().prefix(10).map {
            "\($0.device.file):\($0.device.line): nor is there '\($0.staged.account)'"
        }
        return CommandFailure(
            failure.status, code: failure.refusal.code,
            "\(first.device.file):\(first.device.line): \(failure.refusal.message)",
            hint: (others + [failure.refusal.hint].compactMap { $0 }).joined(separator: "\n"))
    }

    /// A refusal says that nothing was done; of a connection that broke nobody knows.
    private func withoutEffect(_ failure: CommandFailure) -> CommandFailure {
        guard failure.status == .refused else { return failure }
        return CommandFailure(
            failure.status, code: failure.refusal.code, "\(failure.refusal.message) Nothing was stored.",
            hint: failure.refusal.hint)
    }

    private func report(_ imported: ImportedDevices) -> Report {
        let skipped = Dictionary(imported.skipped.map { ($0.index, $0) }, uniquingKeysWith: { first, _ in first })
        var lines: [String] = []
        var documents: [JSONValue] = []
        for (index, target) in targets.enumerated() {
            let staged = target.staged
            let place = "\(target.device.file):\(target.device.line)"
            lines.append("\(staged.account): '\(staged.device)' (\(staged.module.name)), from \(place)")
            let label = target.device.label
            if let label {
                let issuer = label.issuer.map { "the issuer '\($0)'" } ?? "no issuer"
                lines.append("  Its label is '\(label.text)', with \(issuer).")
            }
            let notes = skipped[index].map { [$0.sentence] } ?? notes(of: target.device)
            lines += notes.map { "  \($0)" }
            documents.append(
                .object(
                    [("account", .text(staged.account))] + staged.module.members + [
                        ("device", .text(staged.device)), ("label", .text(label?.text)),
                        ("issuer", .text(label?.issuer)), ("file", .text(target.device.file)),
                        ("line", .integer(Int64(target.device.line))),
                        ("skipped", .boolean(skipped[index] != nil)), ("notes", .list(notes.map { .text($0) })),
                    ]))
        }
        let summary = summary(imported)
        lines.append(summary)
        let change = options.isTrial || imported.devices == 0 ? nil : summary
        return Report(
            text: lines.joined(separator: "\n"),
            json: .object([
                ("imported", .integer(Int64(options.isTrial ? 0 : imported.devices))),
                ("replaced", .integer(Int64(imported.replaced))),
                ("skipped", .integer(Int64(imported.skipped.count))), ("left_out", .integer(Int64(leftOut))),
                ("devices", .list(documents)),
            ]), change: change)
    }

    private func notes(of device: ForeignDevice) -> [String] {
        guard let issuer = device.label?.issuer, issuer != labels?.issuer else { return device.notes }
        return device.notes + ["'\(issuer)' has its secret as well, and can make its codes."]
    }

    private func summary(_ imported: ImportedDevices) -> String {
        let verb = options.isTrial ? "Would import" : "Imported"
        let replacing = imported.replaced > 0 ? ", \(imported.replaced) of them in place of others" : ""
        let rest = imported.skipped.count
        let skipping = rest > 0 ? "; \(rest) \(rest == 1 ? "was" : "were") there already" : ""
        let leaving = leftOut > 0 ? "; \(leftOut) \(leftOut == 1 ? "was" : "were") not meant" : ""
        let ending = options.isTrial ? " Nothing was stored." : ""
        return "\(verb) \(Wording.count(imported.devices, "device"))\(replacing)\(skipping)\(leaving).\(ending)"
    }
}

extension SkippedDevice {
    fileprivate var sentence: String {
        hasSameKey
            ? "It is there already, and stays as it is."
            : "Another device of that name, with another secret, is there already, and stays as it is."
    }
}
