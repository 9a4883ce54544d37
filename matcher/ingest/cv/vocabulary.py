"""The words by which a CV's parts are known: headings, roles, organisations, venues. Data only, no rules.

Words are compared in small letters without accents. Several languages, because chairs hold CVs in several.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

__all__ = [
    "COMMON_WORDS",
    "DEGREE_WORDS",
    "DEPARTMENT_WORDS",
    "FAMILY_WORDS",
    "HEADING_FILLERS",
    "HEADING_KEYWORDS",
    "NEVER_FAMILIES",
    "NEVER_NAMES",
    "ORGANISATION_WORDS",
    "PARTICLES",
    "PLACES",
    "PUBLICATION_KINDS",
    "ROLE_WORDS",
    "TITLES",
    "UNIVERSITY_WORDS",
    "VENUE_ACRONYMS",
    "WHOLE_FAMILY_WORDS",
    "fold",
    "word_set",
    "words_of",
]


def fold(text: str) -> str:
    """Small letters, no accents.

    >>> fold("Veröffentlichungen")
    'veroffentlichungen'
    """
    if text.isascii():
        return text.lower()
    bare = unicodedata.normalize("NFD", text.casefold())
    return unicodedata.normalize("NFC", "".join(char for char in bare if not unicodedata.combining(char)))


def words_of(text: str) -> list[str]:
    """The words of a text, folded."""
    return re.findall(r"[^\W_]+", fold(text))


def word_set(words: str) -> frozenset[str]:
    """The words of a text, separated by blanks, as a set."""
    return frozenset(words.split())


# --- headings -------------------------------------------------------------------------------------------------------

HEADING_KEYWORDS: Final = {
    # The order decides where a heading holds words of two kinds: "Conference Presentations", "PhD Students".
    "references": word_set("references referees referenzen referencias referenze"),
    "awards": word_set(
        "award awards honor honors honour honours scholarship scholarships fellowships prize prizes"
        " recognition recognitions distinctions achievements auszeichnungen preise stipendien prix"
        " distinctions premios becas premi premios prijzen 获奖 奖励 荣誉 受賞 수상"
        " reconocimientos ehrungen distinciones distincoes onderscheidingen riconoscimenti"
    ),
    "students": word_set(
        "students mentoring mentorship mentees mentee supervision supervised supervisees advisees advising"
        " betreute betreuung betreuungen doktoranden doktorand encadrement doctorants tesistas dottorandi"
        " orientandos promovendi postdocs alumni tutoring 指导学生 指導学生 mentored supervising guided guidance 学生"
        " dirigees dirigidas orientacoes supervisoes orientaciones encadrements doctorandos doktorandinnen begeleiding"
    ),
    "patents": word_set("patent patents patente brevets patentes brevetti 专利 特許 특허"),
    "talks": word_set(
        "talk talks presentation presentations keynote keynotes seminar seminars lecture lectures tutorial"
        " tutorials panel panels panelist panellist panelists panellists colloquia colloquium vortrage"
        " vortrag ponencias exposes palestras presentaciones presentazioni interventi poster posters speaker"
        " 报告 讲座 講演 발표"
        " seminaires seminarios charlas comunicacoes apresentacao apresentacoes conferencier relazioni lezingen"
    ),
    "teaching": word_set(
        "teaching course courses coursework lehre lehrveranstaltungen enseignement enseignements docencia"
        " insegnamento didattica ensino docencia onderwijs instructor teacher ta 教学 授课 教育経験 강의 pedagogy"
        " cours docente ensenanza lecciones vorlesungen"
    ),
    "grants": word_set(
        "grant grants funding funded forderung fordermittel drittmittel financements subvenciones"
        " finanziamenti financiamento bourses 基金 科研项目 助成 연구비"
        " financiados financiado finances subsidies drittmittelprojekte"
    ),
    "service": word_set(
        "service services reviewing reviewer committee committees editorial organisation organization"
        " organizing organising organizational organisational organizer outreach membership memberships"
        " member activities gutachter gutachtertatigkeit gremien mitgliedschaften engagement responsabilites"
        " servicio servizio leadership volunteering volunteer community chair chairs 学术服务 社会服务 学会活動"
        " societies affiliations contribution contributions meetup competition"
        " bancas banca tribunales participacao responsabilidades responsabilita gestion incarichi dienst dienste"
        " verantwortung"
    ),
    "media": word_set("media press news coverage presse interviews blog podcasts announcements 新闻"),
    "interests": word_set(
        "interests interest forschungsinteressen forschungsschwerpunkte interessen intereses interessi"
        " interesses onderzoeksinteresses expertise focus topics"
        " 研究方向 研究兴趣 研究領域 研究分野 研究関心 연구분야 관심분야 연구관심분야"
        " schwerpunkte themes 研究领域 areas keywords fields lineas linhas linee themes thematiques"
    ),
    "projects": word_set(
        "built project projects projekte projekt projets proyectos progetti projetos projecten 项目 프로젝트"
    ),
    "education": word_set(
        "education degrees degree ausbildung bildungsweg bildung studium formation formacion educacion"
        " formacao titulacao formazione istruzione opleiding opleidingen qualifications qualification studies"
        " schooling 教育背景 教育经历 教育 学历 学歴 학력 etudes academica diplomas estudios training studied"
        " cursus titulos scolarite academicos abschlusse akademischer studie studies"
    ),
    "experience": word_set(
        "experience experiences employment positions position appointments appointment career internship"
        " internships history berufserfahrung werdegang berufspraxis tatigkeiten anstellungen experience"
        " experiences emplois parcours postes experiencia experiencias empleo esperienza esperienze"
        " experiencia werkervaring visits stays visiting placements worked"
        " 工作经历 工作经验 研究经历 实习经历 职歴 職歴 経歴 경력"
        " employed beruflicher praktika stages work jobs industry employers"
        " laufbahn carriere fonctions cargos trayectoria carreira posizioni loopbaan functies"
        " background erfahrung erfahrungen atuacao before previously"
    ),
    "skills": word_set(
        "skills skill languages language technologies technology programming tools software computing"
        " kenntnisse sprachkenntnisse sprachen competences langues idiomas competenze lingue talen technical"
        " 技能 语言 スキル 기술 certifications certificates certification code"
    ),
    "summary": word_set(
        "summary profile objective about bio biography biographical statement evaluation overview"
        " zusammenfassung profil resumen perfil sommario profilo 简介 自我评价 metrics citations impact statistics"
        " bibliometrics highlights introduction"
    ),
    "personal": word_set(
        "personal contact hobbies hobby kontakt personliche kontaktdaten coordonnees contacto contatti"
        " contatos details data daten loisirs 联系方式 个人信息 連絡先 연락처 address information"
    ),
    "publications": word_set(
        "publication publications paper papers article articles preprint preprints manuscript manuscripts"
        " bibliography veroffentlichungen publikationen publikationsliste schriftenverzeichnis schriften"
        " aufsatze fachartikel konferenzbeitrage zeitschriftenartikel publicaciones articulos publicacoes"
        " artigos pubblicazioni articoli publicaties artikelen chapters monographs monographies papers"
        " proceedings theses books book volumes reports writings scholarship output outputs works inproceedings"
        " products"
        " 论文 发表论文 学术论文 发表 代表论文 論文 発表論文 研究業績 業績 논문 출판물 출판 著作 出版物"
        " produccion producao producoes producciones trabalhos trabajos travaux publicatielijst publicados bibliografia"
        " ouvrages scritti"
        " monografie monografias monografien monographien"
    ),
    "people": word_set("coauthor coauthors authors mitautoren collaborators coautores"),
    "head": word_set("lebenslauf curriculum vitae cv resume vita"),
}
"""Per kind of section, the words that name it."""

PUBLICATION_KINDS: Final = {
    # Sub-headings of a list of publications; alone they name no section.
    "thesis": word_set(
        "thesis theses dissertation dissertations doctoral habilitation tesis these dissertationen"
        " 学位论文 memoire tese proefschrift doktorarbeit"
    ),
    "chapter": word_set(
        "chapter chapters kapitel buchkapitel chapitres capitulos capitoli buchbeitrage chapitre"
        " ouvrage ouvrages libro livro hoofdstukken capitulo capitolo buchbeitrag sammelbande"
    ),
    "workshop": word_set("workshop workshops ateliers talleres"),
    "demo": word_set("demo demos demonstration demonstrations"),
    "preprint": word_set(
        "preprint preprints submitted submission submissions review preparation progress arxiv manuscript"
        " manuscripts eingereicht soumis working unpublished 预印本 print 投稿中 prepublications soumises"
        " sometidos submetidos ingediend prepublication"
    ),
    "journal": word_set(
        "journal journals zeitschriften zeitschriftenartikel revues revistas riviste transactions magazine"
        " letters tijdschriften 期刊 期刊论文 学術雑誌 zeitschriftenbeitrage fachzeitschriften"
        " revista rivista periodicos periodico"
        " zeitschrift tijdschrift aufsatze"
    ),
    "conference": word_set(
        "conference conferences konferenzen konferenzbeitrage conferences congresos conferencias conferenze"
        " proceedings symposium symposia tagungsbeitrage tagungsbanden congres 会议 会议论文"
        " 国際会議 tagungsbande congresso"
        " congressi congressos simposios eventos evento convegni congreso eventos communications comunicaciones"
        " comunicacoes konferenz"
        " tagungen"
    ),
    "other": word_set(
        "book books volumes reports report bucher livres libros libri technical editor edited misc other"
        " monografie monografias"
        " monographien monografien monographs monographies"
    ),
}

HEADING_FILLERS: Final = word_set(
    "a an and or of the in on at to for from with by as my list full complete selected recent"
    " representative latest key main major all other further additional peer reviewed refereed non"
    " unrefereed un international national invited contributed accepted published forthcoming to appear"
    " press submitted under review professional academic scientific scholarly research researcher"
    " researchers researching work working works relevant summary conference conferences journal"
    " journals workshop workshops magazine transactions symposium demo demonstration poster short long"
    " full first author co authored coauthored english german french pre print early archived arxiv"
    " archival chronological reverse order current past present former previous since ph phd d dr"
    " doctoral doctorate master masters msc ms m sc bachelor bsc bs undergraduate graduate postgraduate"
    " postdoctoral post doc postdoc university college thesis theses dissertation teaching assistant"
    " assistants advisor advisors adviser student role roles industry industrial administrative general"
    " external internal invited public and und der die des von in im et des les la le de du el los las y"
    " e del dei delle di da do das dos en het van & technical computer scientific program programme"
    " invites invitees invitados invitadas convidadas convidados su invito eingeladene nationaal internationaal"
    " internacionais nacionais completos anais dirigees dirigidas cours en curso universitaires universitaire"
    " professionnel professionnels professionnelle academique academiques scientifique scientifica cientifica"
    " academica academicas collectives institucionales institutionnelles pedagogiques d l dans per con na no"
    " referierten begutachteten beitrage auswahl promotionen wissenschaftlicher wissenschaftlichen"
    " akademischer habilitationen ausgewahlter"
    " bibliografica bibliografia em andamento concluidas concluida concluidos publicados publicadas profissional"
    " profesional trabalho trabajo trabalhos trabajos tecnica complementar participacao atividades outras outros outros"
    " delivered scholars guest synergistic significant index conclusao comissoes julgadoras most"
    " closely related proposed sponsored"
    " soumis soumises aceptados aceitos arbitrees arbitradas article articles artikel buch"
    " external journals event events conference local open source total involved honours honor co mentor"
    " mentored doktor wissenschaftliche akademische beruflicher ausgewahlte selection selecta choisies"
    " liste verzeichnis verzeichnis seleccionadas recientes principales scelte recenti editor book books"
    " volume edited internationales internationaux internationale internacionales internacional"
    " nacionales nacional nationales nationaux avec comite lecture indexadas actes con sin revisadas"
    " revisados revision pares scientifiques cientificas cientificos scientifici wissenschaftliche"
    " begutachtete referierte investigacion pesquisa ricerca recherche forschung onderzoek career area"
    " areas field fields interests cv vitae i ii iii iv where have what my arbeiten tatigkeit"
)
"""Words that a heading may hold beside its keyword without ceasing to be one."""

# --- names ----------------------------------------------------------------------------------------------------------

PARTICLES: Final = word_set(
    "van von de der den del della dello dei degli di da dal dalla das do dos du des la las le les lo"
    " los el al ad bin binti binte bte ibn bint ben abu abd ter ten te zu zum zur af av ap st ste san"
    " santa mac op 't t vande vander vanden tot auf aus dem vom am im het d o l ould"
)
"""Small words inside family names; in small letters they open or join a name, never make one."""

TITLES: Final = word_set(
    "pr prof professor professors dra dr drs doctor mr mrs ms miss mx sir dame lord ing univ habil priv"
    " doz pd assoc asst emeritus emerita rer nat phil med dipl mag em hon rev em. h c hc tech frau herr"
    " mme mlle m. sra sr. dott dottore profa profe ass adj apl"
)

NEVER_NAMES: Final = word_set(
    "university universitat universite universidad universita universidade universiteit universitet"
    " college institute institut instituto istituto school faculty department departement dept"
    " laboratory laboratories lab labs center centre academy hospital research group team collaboration"
    " consortium company inc corp corporation ltd llc gmbh ag foundation society association council"
    " ministry agency conference conferences proceedings proc journal journals transactions trans"
    " letters magazine workshop workshops symposium symposia review reviews annals bulletin archives"
    " press publisher publishers springer elsevier wiley ieee acm aaai arxiv preprint usenix siam"
    " neurips icml iclr cvpr iccv eccv acl emnlp naacl kdd sigir nature science pnas thesis dissertation"
    " phd msc bsc abstract figure fig table code pdf doi url link links http https www isbn issn vol"
    " volume issue no pp pages page chapter edition eds editor editors accepted submitted forthcoming"
    " appear under spotlight oral poster award awards best paper papers finalist keynote tutorial"
    " invited talk talks grant grants funding github slides video supplementary dataset website homepage"
    " scholar linkedin email phone tel fax address curriculum vitae resume cv publications publication"
    " education experience employment professor lecturer intern internship engineer scientist researcher"
    " student students fellow fellowship assistant associate director manager member program programme"
    " committee chair reviewer organizer advisor supervisor mentor host international national"
    " association technology technologies technical systems report reports series lecture notes advances"
    " findings january february april june july august september october november december et al thesis"
    " master bachelor doctoral doctorate candidate present current expected gpa rank street road avenue"
    " unpublished preparation contribution contributions equally equal corresponding author authors"
    " coauthors summer winter spring fall autumn"
)
"""Words that stand in no person's name in a CV; one of them is enough to refuse a name."""

FAMILY_WORDS: Final = word_set(
    "long short grant law page best may host winter winters masters early good high low small large old better power"
    " cross fair will early art gene trade care english park young read field fields day"
)
"""Ordinary words that people are called by: with an initial before or behind them they are a family name."""

WHOLE_FAMILY_WORDS: Final = word_set("long short grant law best winter winters masters good power cross")
"""Those that are one behind a given name written out too; the others stand in labels such as `Project Page`."""

NEVER_FAMILIES: Final = word_set(
    "university universitat universite universidad universita universidade universiteit universitet"
    " college institute institut instituto istituto school faculty department departement dept"
    " laboratory laboratories lab labs center centre academy hospital research group team collaboration"
    " consortium company inc corp corporation ltd llc gmbh ag foundation society association council"
    " ministry agency conference conferences proceedings proc journal journals transactions trans"
    " letters magazine workshop workshops symposium symposia reviews annals bulletin archives"
    " publisher publishers springer elsevier wiley ieee acm aaai arxiv preprint usenix siam"
    " neurips icml iclr cvpr iccv eccv acl emnlp naacl kdd sigir pnas"
    " phd msc bsc doi url http https www isbn issn vol pp et al no abstract figure fig table pdf"
    " publications publication email phone tel fax appear accepted submitted forthcoming unpublished"
    " preparation january february april june july august september october november december"
)
"""Those that are no family name even in the middle of a list of authors: `Ann Lee, Bo Cho, Oxford University`."""

COMMON_WORDS: Final = word_set(
    "a an the on in of for and or with without to toward towards from by at as is are can do does how"
    " why what when where which who whom whose not no via using based under over beyond between among"
    " within across into through against about after before during than then it its their our your we"
    " you this that these those there here be been being was were has have had will would should could"
    " may might must more most less least many much few some any all each every both either neither one"
    " two three four five six seven eight nine ten first second third new novel old better best good bad"
    " high low fast slow small large big deep shallow long short early late learning learn learned"
    " training trained train network networks neural graph graphs model models modeling modelling method"
    " methods approach approaches analysis analyses algorithm algorithms system systems data dataset"
    " datasets language languages image images video videos vision visual speech audio text texts"
    " document documents knowledge information representation representations embedding embeddings"
    " feature features detection recognition classification segmentation regression clustering"
    " prediction predicting generation generating generative discriminative adversarial attack attacks"
    " defense robust robustness efficient efficiency effective effectiveness scalable scaling scale"
    " adaptive adaptation optimal optimization optimizing optimisation stochastic gradient descent"
    " convex nonconvex sparse sparsity dense dynamic static online offline distributed parallel"
    " asynchronous decentralized federated private privacy security secure fair fairness bias causal"
    " inference bayesian probabilistic random sampling estimation estimating evaluation evaluating"
    " benchmark benchmarks benchmarking survey review study studies empirical theoretical theory"
    " practice practical toward understanding exploring explaining explainable explanation explanations"
    " interpretable interpretability improving improved enhancing enhanced accelerating accelerated"
    " reducing reduced compression compressed pruning quantization distillation transfer transferable"
    " domain domains task tasks multi multitask multimodal cross self supervised unsupervised semi"
    " weakly reinforcement agent agents policy policies reward rewards control robot robots robotic"
    " robotics human humans user users social media web mobile cloud edge hardware software design"
    " designing architecture architectures search searching recommendation recommender recommendations"
    " ranking retrieval question answering dialogue conversation conversational translation"
    " summarization reasoning logic logical symbolic programming program programs code verification"
    " testing test tests query queries database databases big time series temporal spatial spatio"
    " traffic climate energy power quantum physics physical chemistry chemical molecular molecule"
    " molecules protein proteins gene genes genomic cell cells brain cancer clinical medical medicine"
    " health healthcare patient patients disease diseases drug drugs treatment care economic economics"
    " market markets financial finance trade policy public political law legal education educational"
    " student students teaching school work working labor labour life living world worlds science"
    " sciences scientific engineering mathematical mathematics statistics statistical machine"
    " intelligence artificial automated automatic automating interactive interaction interactions"
    " attention transformer transformers convolutional recurrent memory state space spaces function"
    " functions linear nonlinear matrix tensor kernel kernels tree trees forest forests mining pattern"
    " patterns process processes processing processor signal signals sensor sensors wireless"
    " communication communications channel channels scheduling planning resource resources allocation"
    " game games theory mechanism mechanisms design equilibrium auction auctions collective uncertainty"
    " uncertain confidence calibration error errors noise noisy label labels annotation few shot zero"
    " open source world end real simulation simulations simulated synthetic experiment experiments"
    " experimental evidence effect effects impact role use uses case cases application applications"
    " framework frameworks tool tools toolkit library platform environment environments challenge"
    " challenges opportunities future trends perspective perspectives comment note notes introduction"
    " overview tutorial handbook guide primer lessons structure structured structural hierarchical local"
    " global general generalization generalized universal unified simple complex complexity bounds bound"
    " lower upper convergence rate rates guarantees provable proof proofs beyond revisiting rethinking"
    " revisited rethink towards look looking made make making get getting go going need needs know"
    " knowing see seeing find finding found ask asking tell telling show showing think thinking change"
    " changes changing growth risk risks cost costs price prices value values quality performance"
    " measure measures measurement measuring measured metric metrics comparison comparing comparative"
    " interpretation part parts whole light heavy dark water air fire ocean sea river land soil plant"
    " plants forest animal animals food urban rural city cities country countries history historical"
    " culture cultural art arts music film book books reading writing story stories narrative narratives"
    " gender women men children family families migration identity democracy state war peace rights"
    " power justice religion church european american african asian global mental cognitive emotion"
    " emotional behavior behaviour behavioral psychology psychological perception motor"
)
"""Words of titles. A run of capitalised words is no name when all of them are such words."""

# --- organisations --------------------------------------------------------------------------------------------------

UNIVERSITY_WORDS: Final = word_set(
    "university universitat universite universidad universita universidade universiteit universitet"
    " universitetet universitaet univ college polytechnic polytechnique politecnico politecnica"
    " hochschule eth epfl mit tu uniwersytet univerzita universitas universiti caltech ucla ucl kaist"
    " iit iisc nyu usc eth cmu inria cnrs ecole école escuela politechnika fachhochschule ens upc tum"
    " kth dtu 大学 學院 学院 대학교 대학원 大學 hogskola hogskole yliopisto egyetem universitatea univerzitet"
    " sveuciliste uniwersytetu academie institute institut instituto istituto instituut"
)

ORGANISATION_WORDS: Final = UNIVERSITY_WORDS | word_set(
    "academy academia hospital clinic clinique klinik klinikum laboratory laboratories laboratoire"
    " laboratorio lab labs center centre centro zentrum research inc corp corporation ltd llc gmbh ag ab"
    " bv nv sa oy plc co company technologies foundation council agency observatory museum library bank"
    " ministry max planck fraunhofer helmholtz nasa google microsoft amazon meta facebook apple ibm"
    " intel nvidia deepmind openai adobe baidu alibaba tencent huawei samsung bosch siemens sony toyota"
    " uber airbnb netflix spotify linkedin twitter bytedance 研究所 研究院 公司 연구소 연구원 株式会社 school faculty"
    " department dept startup studio studios systems consulting partners group solutions analytics"
    " ventures software robotics networks society association"
)

DEPARTMENT_WORDS: Final = word_set(
    "department dept departement faculty school division chair lehrstuhl fakultat section"
)

DEGREE_WORDS: Final = word_set(
    "phd dphil doctor doctorate doctoral doctorat doctorado dottorato promotion dr master masters msc"
    " ms ma meng mphil mres mba laurea licenciatura licence magister maestria maitrise diplom diploma"
    " diplome bachelor bachelors bsc bs ba beng btech mtech be me habilitation ingenieur ingegneria"
    " staatsexamen abitur minor major candidate grado master's bachelor's 博士 硕士 学士 本科 修士 박사 석사 학사"
    " mestrado doutorado graduacao exchange undergraduate postgraduate mphys mmath llb llm md jd"
    " kandidat cand"
)

ROLE_WORDS: Final = DEGREE_WORDS | word_set(
    "professor prof professeur profesor profesora professore lecturer reader researcher chercheur"
    " chercheuse investigador investigadora ricercatore scientist engineer ingenieur postdoc"
    " postdoctoral post-doctoral fellow intern internship praktikant stagiaire assistant associate"
    " director head manager lead leader analyst consultant developer architect founder cofounder cto ceo"
    " chief officer student research visitor visiting instructor tutor mitarbeiter mitarbeiterin"
    " wissenschaftlicher wissenschaftliche referent referentin editor curator librarian physician"
    " resident nurse teacher principal investigator staff member technician coordinator specialist"
    " faculty adjunct emeritus chair president vice dean provost programmer statistician economist"
    " psychologist chemist doctorant doctorante dottorando doktorand"
    " 教授 副教授 讲师 研究员 助理教授 実習 准教授 助教 교수 연구원"
    " doktorandin hilfskraft werkstudent maitre conferences assegnista becario contractor freelance"
    " apprentice trainee attache aio promovendus oio assistantship"
)

PLACES: Final = word_set(
    "usa us uk china germany france italy spain portugal netherlands belgium switzerland austria sweden"
    " norway denmark finland poland czechia hungary greece turkey israel india japan korea singapore"
    " taiwan canada mexico brazil argentina chile australia ireland scotland england wales russia"
    " ukraine iran egypt nigeria kenya ghana vietnam thailand malaysia indonesia philippines pakistan"
    " bangladesh luxembourg estonia latvia lithuania slovenia croatia serbia romania bulgaria"
    " deutschland schweiz osterreich suisse espana italia brasil nederland kingdom states america remote"
    " hybrid onsite ca ny tx ma wa il pa nj md va nc ga fl oh mi mn wi co az or in tn mo ct nh ri de dc"
    " ut nm nv ok ks ky la al sc ia ne qc on bc ab sar emirates uae qatar saudi arabia macao colombia"
    " peru iceland cyprus malta slovakia morocco tunisia algeria ethiopia uganda rwanda tanzania nepal"
    " lanka zealand"
)

# --- venues ---------------------------------------------------------------------------------------------------------

VENUE_ACRONYMS: Final = {
    "journal": word_set(
        "jmlr tmlr tpami pami tkde tnnls tnn tip tse tods tois tist tkdd tacl cl jair aij ijcv ijrr ral tro"
        " taslp tsp tit tmc ton jsac twc tvcg toplas tocs jacm cacm siamjo pnas nature science cell plos prl"
        " prb pra prd apj mnras neco pnas tochi imwut pacmhci vldbj dmkd access sensors bioinformatics jcp"
        " jacs tiv tits tcyb elife"
    ),
    "conference": word_set(
        "neurips nips icml iclr aistats uai colt aaai ijcai ecai cvpr iccv eccv wacv bmvc accv acl emnlp"
        " naacl eacl coling conll interspeech icassp asru kdd sdm icdm cikm wsdm www sigir ecir recsys"
        " sigmod vldb icde edbt pods osdi sosp nsdi atc eurosys fast sigcomm infocom mobicom mobisys sensys"
        " imc conext sigmetrics hotnets mlsys isca micro hpca asplos dac iccad date sc ppopp ipdps icra iros"
        " rss corl humanoids chi uist cscw dis iui hri ubicomp ccs ndss usenix oakland focs stoc soda icalp"
        " ec wine popl pldi icfp oopsla ecoop cav tacas lics icse fse ase issta miccai isbi siggraph sigsoft"
        " globecom icc vtc spawc wiopt cdc acc ecc isit itw pkdd ecml ecmlpkdd aamas gecco lrec semeval"
        " ismir icip icpr mmm acmmm uist cpal log facct aies sigcse lak edm its netgcoop ismar vr vis"
        " eurovis eurographics jcdl tpdl interact esorics asiaccs pets soups crypto eurocrypt asiacrypt podc"
        " disc spaa opodis concur csl fossacs esop cade ijcar tacl2 ccgrid cluster hpdc ics europar icpp"
        " icdcs percom iotdi ipsn ewsn sigspatial gis bpm caise er iswc eswc icaps kr cogsci hlt"
    ),
}
"""Acronyms of venues, folded; they only support what the words around them say."""
