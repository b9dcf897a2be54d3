<% set level = cookiecutter.maturity_level | int %>
<% set environments = ["production"] if level == 1 else ["test", "staging", "production"] %>
<% set docker = cookiecutter.deploy_target == "docker" %>
// The jobs of this repository, for the Job DSL plug-in. jenkins.yaml has it run, with what is named in capitals here.
String folderName = '<< cookiecutter.project_slug >>'
<% if level == 0 %>
Map pipelines = [
    'checks': [script: 'Jenkinsfile', does: 'Style, types and all suites. Start it by hand.'],
]

folder(folderName)
<% else %>
Map pipelines = [
    'main/dependencies': [script: 'jenkins/dependencies.Jenkinsfile', does: 'Proposes new versions each week'],
<% if level == 2 %>
    'main/monitor': [script: 'jenkins/monitor.Jenkinsfile', does: 'Looks at the live service every hour'],
    'main/promote': [script: 'jenkins/promote.Jenkinsfile', does: 'Brings a release of staging to production'],
    'main/rollback': [script: 'jenkins/rollback.Jenkinsfile', does: 'Brings back the release that served before'],
    'main/stop': [script: 'jenkins/stop.Jenkinsfile', does: 'Takes away what serves in test or staging'],
<% endif %>
    'main/train': [script: 'jenkins/train.Jenkinsfile', does: 'Trains a model where one is wanted, and delivers it'],
<% if level == 2 %>
    'main/verify': [script: 'jenkins/verify.Jenkinsfile', does: 'Checks staging again every night'],
<% endif %>
]

// A branch brings its own Jenkinsfile, which may ask for each credential of the folders around its job. So secrets are
// in folders for the branches that people protect.
Map secrets = [
    main: [
        'prediction-log': PREDICTION_LOG,
        'signing-key': SIGNING_KEY,
<% if level == 2 %>
        'registry-token': REGISTRY_TOKEN,
<% endif %>
<% for name in environments %>
<% if docker %>
        'deploy-key-<< name >>': DEPLOY_KEY_<< name.upper() >>,
        'known-hosts-<< name >>': DEPLOY_KNOWN_HOSTS_<< name.upper() >>,
        'service-settings-<< name >>': SERVICE_SETTINGS_<< name.upper() >>,
<% else %>
        'kubeconfig-<< name >>': DEPLOY_KUBECONFIG_<< name.upper() >>,
<% endif %>
<% endfor %>
    ],
<% if level == 2 %>
    test: [
        'registry-token': REGISTRY_TOKEN_TEST,
<% if docker %>
        'deploy-key-test': DEPLOY_KEY_TEST,
        'known-hosts-test': DEPLOY_KNOWN_HOSTS_TEST,
        'service-settings-test': SERVICE_SETTINGS_TEST,
<% else %>
        'kubeconfig-test': DEPLOY_KUBECONFIG_TEST,
<% endif %>
    ],
<% endif %>
]
Map branches = [
    'branches': [includes: '*', excludes: 'main<< " develop" if level == 2 else "" >>', does: 'Checks every branch and every change request'],
<% if level == 2 %>
    'main/branches': [includes: 'main', excludes: '', does: 'Checks main and delivers it to staging'],
    'test/branches': [includes: 'develop', excludes: '', does: 'Checks develop and delivers it to test'],
<% else %>
    'main/branches': [includes: 'main', excludes: '', does: 'Checks main; new data start a training'],
<% endif %>
]

folder(folderName)

secrets.each { where, kept ->
    folder("${folderName}/${where}") {
        properties {
            folderCredentialsProperty {
                domainCredentials {
                    domainCredentials {
                        domain {
                            name('')
                            description('')
                        }
                        credentials {
                            kept.each { key, value ->
                                usernamePassword { // the only kind that Job DSL makes here
                                    scope('GLOBAL')
                                    id(key)
                                    description('docs/jenkins.md says what it is')
                                    username(key)
                                    password(value)
                                    usernameSecret(false)
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

branches.each { name, wanted ->
    multibranchPipelineJob("${folderName}/${name}") {
        description(wanted.does)
        branchSources {
            branchSource {
                source {
                    git { // knows branches only; docs/jenkins.md names the sources that know change requests
                        id("${folderName}/${name}")
                        remote(REPOSITORY)
                        credentialsId(GIT_CREDENTIALS)
                        traits {
                            gitBranchDiscovery()
                            headWildcardFilter {
                                includes(wanted.includes)
                                excludes(wanted.excludes)
                            }
                            cloneOption {
                                extension {
                                    shallow(false)
                                    noTags(false) // versions are tags
                                    reference('')
                                    timeout(10)
                                }
                            }
                        }
                    }
                }
            }
        }
        orphanedItemStrategy {
            discardOldItems {
                numToKeep(20)
            }
        }
        triggers {
            periodicFolderTrigger {
                interval('5m')
            }
        }
    }
}
<% endif %>

pipelines.each { name, wanted ->
    pipelineJob("${folderName}/${name}") {
        description(wanted.does)
        definition {
            cpsScm {
                scm {
                    git {
                        remote {
                            url(REPOSITORY)
                            credentials(GIT_CREDENTIALS)
                        }
                        branch('main')
                        extensions { } // else each build would leave a tag
                    }
                }
                scriptPath(wanted.script)
                lightweight()
            }
        }
    }
}
<% if level > 0 %>

// A pipeline tells Jenkins its schedule when it runs, and what is said here takes it away again: so each runs once.
[<< "'dependencies', 'monitor', 'train', 'verify'" if level == 2 else "'dependencies', 'train'" >>].each { name -> queue("${folderName}/main/${name}") }
<% endif %>
