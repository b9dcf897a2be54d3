<% set level = cookiecutter.maturity_level | int %>
// The jobs of this repository, for the Job DSL plug-in. jenkins.yaml has it run, and says what REPOSITORY and
// GIT_CREDENTIALS are.
String folderName = '<< cookiecutter.project_slug >>'
<% if level == 0 %>
Map pipelines = [
    'checks': ['Jenkinsfile', 'Style, types and all suites. Start it by hand.'],
]
<% else %>
Map pipelines = [
    'dependencies': ['jenkins/dependencies.Jenkinsfile', 'Proposes the newest dependencies each week'],
<% if level == 2 %>
    'monitor': ['jenkins/monitor.Jenkinsfile', 'Looks at the live service every hour'],
    'promote': ['jenkins/promote.Jenkinsfile', 'Brings a release of staging to production'],
    'rollback': ['jenkins/rollback.Jenkinsfile', 'Brings back the release that served before'],
    'stop': ['jenkins/stop.Jenkinsfile', 'Takes away what serves in test or staging'],
<% endif %>
    'train': ['jenkins/train.Jenkinsfile', 'Trains a new model where one is wanted, and delivers it'],
<% if level == 2 %>
    'verify': ['jenkins/verify.Jenkinsfile', 'Checks staging again every night'],
<% endif %>
]
<% endif %>

folder(folderName)

<% if level > 0 %>
multibranchPipelineJob("${folderName}/branches") {
<% if level == 1 %>
    description('Checks every branch and every change request')
<% else %>
    description('Checks every branch and every change request; delivers develop to test and main to staging')
<% endif %>
    branchSources {
        branchSource {
            source {
                git { // knows branches only; docs/jenkins.md names the sources that know change requests
                    id(folderName)
                    remote(REPOSITORY)
                    credentialsId(GIT_CREDENTIALS)
                    traits {
                        gitBranchDiscovery()
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

<% endif %>
pipelines.each { name, about ->
    pipelineJob("${folderName}/${name}") {
        description(about[1])
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
                scriptPath(about[0])
                lightweight()
            }
        }
    }
}
<% if level > 0 %>

// A pipeline tells Jenkins its schedule when it runs, and what is said here takes it away again: so each runs once.
[<< "'dependencies', 'monitor', 'train', 'verify'" if level == 2 else "'dependencies', 'train'" >>].each { name -> queue("${folderName}/${name}") }
<% endif %>
