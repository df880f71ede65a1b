import AdminProtocol
import Authentication

/// What is counted, as OpenMetrics has it.
extension AdminDesk {
    /// Without a store all but what the store knows.
    func metrics(_ answer: AdminAnswer) {
        let families = countedFamilies
        let throttle = service.generation.active?.throttle ?? Throttle()
        let now = service.clocks.now()
        service.read { store throws(StoreFailure) in
            try AdminDesk.throttled(store.counters(of: nil), throttle, at: now)
        } deliver: { throttled in
            answer(.metrics(MetricsSnapshot(families: families + ((try? throttled.get()).map { [$0] } ?? []))))
        }
    }

    /// What the daemon knows by itself.
    private var countedFamilies: [MetricFamily] {
        let metrics = service.metrics
        let commits = service.writer.commitStatistics
        let generation = service.generation
        func gauge(_ name: String, _ help: String, unit: String? = nil, _ value: Double) -> MetricFamily {
            MetricFamily(name, .gauge, unit: unit, help: help, samples: [MetricSample("", value: value)])
        }
        return [
            MetricFamily(
                "twostep_build", .info, help: "The version that is running.",
                samples: [MetricSample("_info", [MetricLabel("version", Release.version)], value: 1)]),
            gauge(
                "twostep_start_time_seconds", "When the daemon was started, in Unix time.", unit: "seconds",
                Double(service.startedAt.wall)),
            MetricFamily(
                "twostep_logins", .counter, help: "Logins that have ended, by how, why and through which service.",
                samples: AdminDesk.sorted(
                    metrics.logins.map { login, count in
                        MetricSample(
                            "_total",
                            [
                                MetricLabel("result", login.result), MetricLabel("reason", login.reason),
                                MetricLabel("service", login.service),
                            ], value: Double(count))
                    })),
            MetricFamily(
                "twostep_answers", .counter, help: "Answers that modules were given, by what came of them.",
                samples: AdminDesk.sorted(
                    metrics.answers.map { answer, count in
                        MetricSample(
                            "_total", [MetricLabel("module", answer.module), MetricLabel("outcome", answer.outcome)],
                            value: Double(count))
                    })),
            MetricFamily(
                "twostep_offline_logins", .counter,
                help: "Logins that were granted by the local copy, while the database was away.",
                samples: [MetricSample("_total", value: Double(metrics.offlineGrants))]),
            gauge("twostep_open_sessions", "Logins that wait for an answer.", Double(service.sessions.count)),
            gauge(
                "twostep_open_connections", "Connections of PAM modules that are open.",
                Double(service.connections.count)),
            MetricFamily(
                "twostep_commit_duration_seconds", .histogram, unit: "seconds",
                help: "How long the store took to judge a group of answers and bring it to the disk.",
                samples: commits.durations.samples),
            MetricFamily(
                "twostep_commit_attempts", .histogram, help: "How many answers shared a commit of the store.",
                samples: commits.sizes.samples),
            MetricFamily(
                "twostep_commit_failures", .counter, help: "Groups that could not be made durable.",
                samples: [MetricSample("_total", value: Double(commits.failures))]),
            gauge(
                "twostep_store_usable", "1 if the store can be used, 0 if not.", service.writer.problem == nil ? 1 : 0),
            gauge(
                "twostep_store_offline", "1 while logins are judged by the local copy of a database that is away.",
                storeSource?.standIn == nil ? 0 : 1),
            gauge(
                "twostep_configuration_generation", "Counts the configurations that were loaded; 0 if none was.",
                Double(generation.number)),
            gauge(
                "twostep_configuration_problems", "What is wrong with the configuration as it stands in the file.",
                Double(generation.problems.count)),
            gauge(
                "twostep_configuration_loaded_timestamp_seconds",
                "When the configuration in force was loaded, in Unix time; 0 if none was.", unit: "seconds",
                Double(generation.loadedAt ?? 0)),
        ]
    }

    /// By their labels, so that two looks can be compared.
    private static func sorted(_ samples: [MetricSample]) -> [MetricSample] {
        samples.sorted { left, right in
            left.labels.map(\.value).lexicographicallyPrecedes(right.labels.map(\.value))
        }
    }

    private static func throttled(
        _ counters: [CounterListing], _ throttle: Throttle, at now: Moment
    ) -> MetricFamily {
        var delayed = 0
        var locked = 0
        for listings in Dictionary(grouping: counters, by: \.account).values {
            switch throttle.standing(of: AccountRecord(listings), at: now) {
            case .open: break
            case .delayed: delayed += 1
            case .locked: locked += 1
            }
        }
        return MetricFamily(
            "twostep_throttled_accounts", .gauge, help: "Accounts whose answers are not looked at now.",
            samples: [
                MetricSample("", [MetricLabel("standing", "delayed")], value: Double(delayed)),
                MetricSample("", [MetricLabel("standing", "locked")], value: Double(locked)),
            ])
    }
}

extension AccountRecord {
    /// The counters of one account.
    init(_ listings: [CounterListing]) {
        self.init(counters: Dictionary(listings.map { ($0.module, $0.counter) }) { first, _ in first })
    }
}
