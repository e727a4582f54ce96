"""The package: its dependencies with reasons, and its entry points for spaCy."""

import re
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent
VERSION = re.search(r'__version__ = "(.+)"', (ROOT / "spacy_mtl/__init__.py").read_text())[1]

REQUIREMENTS = [
    # The framework. Pipeline internals (listeners, the training loop) change between
    # minor versions.
    "spacy>=3.8.0,<3.9.0",
    # Layers, optimizers and configs. We work around use_params of torch shims in 8.3.
    "thinc>=8.3.4,<8.4.0",
    # The `transformer` component and its listener. Also bounds the version of
    # transformers.
    "spacy-transformers>=1.3.8,<1.5.0",
    # Loads encoders and their tokenizers. Bounded by spacy-transformers.
    "transformers>=4.34.0",
    # The parts of tokenizers, by which we see whether words can be cached. Also bounded there.
    "tokenizers>=0.11.1",
    # The files of adapters. Comes with transformers.
    "safetensors>=0.4.0",
    # Aligns wordpieces with the text for tokenizers without offsets, as in
    # spacy-transformers.
    "spacy-alignments>=0.7.2,<1.0.0",
    # Runs the encoder. Before 2.6, loading a file of weights could run code.
    "torch>=2.6.0",
    # Published weighting methods: scalarizations and gradient aggregators, for training
    # only. Some state is passed by private names, hence the tight bound.
    "torchjd>=0.18.0,<0.19.0",
    # Arrays on the CPU.
    "numpy>=1.24.0",
    # The t distribution, for the intervals of `spacy mtl compare`.
    "scipy>=1.9.0",
    # The command line, as in spaCy.
    "typer>=0.9.0,<1.0.0",
    # Progress bars, as in spaCy.
    "tqdm>=4.38.0,<5.0.0",
    # Messages on the command line and JSON, as in spaCy.
    "wasabi>=1.1.0,<2.0.0",
    "srsly>=2.4.0,<3.0.0",
    # Templates of reports. spaCy needs it, too.
    "jinja2>=3.0.0,<4.0.0",
    # Marks the parts of a report that are HTML already. Comes with jinja2.
    "markupsafe>=2.0.0",
    # Creates the registries.
    "catalogue>=2.0.6,<2.1.0",
    # Checks whether the requirements of a saved pipeline are installed, as in spaCy.
    "packaging>=20.0",
]

EXTRAS = {
    # Solvers: quadprog for UPGrad and DualProj, cvxpy with clarabel for CAGrad, scipy for
    # FairGrad. Extras are spelled as in their project: pip 23 accepts no other spelling.
    "solvers": ["torchjd[quadprog-projector,cagrad,fairgrad]>=0.18.0,<0.19.0"],
    # Predicts faster on CPUs: engine = "openvino". Its torch frontend takes networks as they are.
    "openvino": ["openvino>=2026.0.0"],
    # Parquet files for `spacy mtl apply`, and batches of Arrow for an Annotator.
    "parquet": ["pyarrow>=14.0.0"],
    # Engines of `spacy mtl apply`. Ray Data needs pandas, and Spark knows no pandas 3.
    "ray": ["ray>=2.9.0", "pandas>=2.0.0,<3.0.0", "pyarrow>=14.0.0"],
    "spark": ["pyspark>=3.5.0", "pandas>=2.0.0,<3.0.0", "pyarrow>=14.0.0"],
    "test": [
        "pytest>=8.0.0",
        # Stops hanging tests with a traceback: some fork workers.
        "pytest-timeout>=2.2.0",
        # One worker per core: `make test`.
        "pytest-xdist>=3.5.0",
        # Random cases for the decoder and the losses.
        "hypothesis>=6.90.0",
        # Opens reports in Chromium, to see that they work.
        "playwright>=1.50.0",
        "ruff>=0.5.0",
        "mypy>=1.10.0",
        # Batches for an Annotator, as Ray and Spark give them. Spark knows no pandas 3.
        "pyarrow>=14.0.0",
        "pandas>=2.0.0,<3.0.0",
        # Reads and writes adapters: their files are the same.
        "peft>=0.14.0",
        # The example of docs/serving.md, and its test client.
        "fastapi>=0.110.0",
        "httpx>=0.25.0",
    ],
    # Builds wheels of trained pipelines: `spacy package --build wheel`.
    "package": ["build>=1.0.0", "wheel>=0.40.0", "setuptools>=61.0.0"],
    # The curves of `spacy mtl report`.
    "plots": ["matplotlib>=3.8.0"],
    # Plots speeds.
    "benchmarks": ["matplotlib>=3.8.0"],
}

ENTRY_POINTS = {
    "spacy_factories": [
        "mtl = spacy_mtl.joint.factory:make_multi_task",
        "mtl_tagger = spacy_mtl.heads.tagger:make_tagger",
        "mtl_ner = spacy_mtl.heads.ner:make_ner",
        "mtl_textcat = spacy_mtl.heads.textcat:make_textcat",
        "mtl_textcat_multilabel = spacy_mtl.heads.textcat_multilabel:make_multilabel_textcat",
    ],
    "spacy_architectures": [
        "spacy_mtl.TransformerEncoder.v1 = spacy_mtl.encoder.transformer:TransformerEncoder",
        "spacy_mtl.TransformerModel.v1 = "
        "spacy_mtl.encoder.transformer_model:create_transformer_model",
        "spacy_mtl.Tok2VecTransformer.v1 = "
        "spacy_mtl.encoder.transformer_model:create_tok2vec_transformer",
        "spacy_mtl.HardSharing.v1 = spacy_mtl.sharing.hard:HardSharing",
        "spacy_mtl.InformationPassing.v1 = "
        "spacy_mtl.sharing.information_passing:InformationPassing",
        "spacy_mtl.LearnedBranching.v1 = spacy_mtl.sharing.learned_branching:LearnedBranching",
        "spacy_mtl.SoftSharing.v1 = spacy_mtl.sharing.soft:SoftSharing",
        "spacy_mtl.TaskRelation.v1 = spacy_mtl.sharing.task_relation:TaskRelation",
        "spacy_mtl.TaskView.v1 = spacy_mtl.sharing.task_view:create_task_view",
        "spacy_mtl.SharedPrivate.v1 = spacy_mtl.sharing.shared_private:SharedPrivate",
        "spacy_mtl.TaskAttention.v1 = spacy_mtl.sharing.task_attention:TaskAttention",
        "spacy_mtl.CrossStitch.v1 = spacy_mtl.sharing.cross_stitch:CrossStitch",
        "spacy_mtl.Sluice.v1 = spacy_mtl.sharing.sluice:Sluice",
        "spacy_mtl.MMoE.v1 = spacy_mtl.sharing.mmoe:MMoE",
        "spacy_mtl.CGC.v1 = spacy_mtl.sharing.cgc:CGC",
        "spacy_mtl.PLE.v1 = spacy_mtl.sharing.ple:PLE",
        "spacy_mtl.DSelectK.v1 = spacy_mtl.sharing.dselect_k:DSelectK",
        "spacy_mtl.Adapters.v1 = spacy_mtl.sharing.adapters:Adapters",
        "spacy_mtl.LayerMix.v1 = spacy_mtl.sharing.layer_mix:LayerMix",
        "spacy_mtl.PartialSharing.v1 = spacy_mtl.sharing.partial:PartialSharing",
        "spacy_mtl.TaskListener.v1 = spacy_mtl.joint.listener:create_task_listener",
        "spacy_mtl.TokenClassifier.v1 = spacy_mtl.heads.models:TokenClassifier",
        "spacy_mtl.TextClassifier.v1 = spacy_mtl.heads.models:TextClassifier",
    ],
    "spacy_scorers": [
        "spacy_mtl.tagger_scorer.v1 = spacy_mtl.heads.scorers:make_tagger_scorer",
        "spacy_mtl.ner_scorer.v1 = spacy_mtl.heads.scorers:make_ner_scorer",
        "spacy_mtl.textcat_scorer.v1 = spacy_mtl.heads.scorers:make_textcat_scorer",
    ],
    "spacy_loggers": [
        "spacy_mtl.ConsoleLogger.v1 = spacy_mtl.report.logger:create_console_logger",
        "spacy_mtl.BestByTask.v1 = spacy_mtl.report.best:create_best_by_task",
    ],
    "spacy_mtl_weightings": [
        "spacy_mtl.Constant.v1 = spacy_mtl.weighting.constant:Constant",
        "spacy_mtl.Balanced.v1 = spacy_mtl.weighting.balanced:Balanced",
        "spacy_mtl.RLW.v1 = spacy_mtl.weighting.rlw:RLW",
        "spacy_mtl.GLS.v1 = spacy_mtl.weighting.gls:GLS",
        "spacy_mtl.STCH.v1 = spacy_mtl.weighting.stch:STCH",
        "spacy_mtl.Uncertainty.v1 = spacy_mtl.weighting.uncertainty:Uncertainty",
        "spacy_mtl.IMTLL.v1 = spacy_mtl.weighting.imtll:IMTLL",
        "spacy_mtl.DWA.v1 = spacy_mtl.weighting.dwa:DWA",
        "spacy_mtl.FAMO.v1 = spacy_mtl.weighting.famo:FAMO",
        "spacy_mtl.GradNorm.v1 = spacy_mtl.weighting.gradnorm:GradNorm",
        "spacy_mtl.PCGrad.v1 = spacy_mtl.weighting.pcgrad:PCGrad",
        "spacy_mtl.MGDA.v1 = spacy_mtl.weighting.mgda:MGDA",
        "spacy_mtl.CAGrad.v1 = spacy_mtl.weighting.cagrad:CAGrad",
        "spacy_mtl.IMTLG.v1 = spacy_mtl.weighting.imtlg:IMTLG",
        "spacy_mtl.GradDrop.v1 = spacy_mtl.weighting.graddrop:GradDrop",
        "spacy_mtl.AlignedMTL.v1 = spacy_mtl.weighting.aligned_mtl:AlignedMTL",
        "spacy_mtl.UPGrad.v1 = spacy_mtl.weighting.upgrad:UPGrad",
        "spacy_mtl.DualProj.v1 = spacy_mtl.weighting.dual_proj:DualProj",
        "spacy_mtl.ConFIG.v1 = spacy_mtl.weighting.conflict_free:ConFIG",
        "spacy_mtl.FairGrad.v1 = spacy_mtl.weighting.fairgrad:FairGrad",
        "spacy_mtl.GradVac.v1 = spacy_mtl.weighting.gradvac:GradVac",
        "spacy_mtl.NashMTL.v1 = spacy_mtl.weighting.nash_mtl:NashMTL",
        "spacy_mtl.ExcessMTL.v1 = spacy_mtl.weighting.excess_mtl:ExcessMTL",
        "spacy_mtl.DBMTL.v1 = spacy_mtl.weighting.db_mtl:DBMTL",
    ],
    "spacy_readers": [
        "spacy_mtl.MultiCorpus.v1 = spacy_mtl.corpus.reader:create_multi_corpus",
    ],
    "spacy_batchers": [
        "spacy_mtl.CorpusBatcher.v1 = spacy_mtl.corpus.batcher:create_corpus_batcher",
    ],
    "spacy_mtl_schedules": [
        "spacy_mtl.Sequential.v1 = spacy_mtl.corpus.schedules.sequential:create_sequential",
        "spacy_mtl.RoundRobin.v1 = spacy_mtl.corpus.schedules.round_robin:create_round_robin",
        "spacy_mtl.Uniform.v1 = spacy_mtl.corpus.schedules.uniform:create_uniform",
        "spacy_mtl.Proportional.v1 = spacy_mtl.corpus.schedules.temperature:create_proportional",
        "spacy_mtl.Temperature.v1 = spacy_mtl.corpus.schedules.temperature:create_temperature",
        "spacy_mtl.Annealed.v1 = spacy_mtl.corpus.schedules.temperature:create_annealed",
        "spacy_mtl.Weighted.v1 = spacy_mtl.corpus.schedules.weighted:create_weighted",
        "spacy_mtl.ByLoss.v1 = spacy_mtl.corpus.schedules.by_loss:create_by_loss",
        "spacy_mtl.ByScore.v1 = spacy_mtl.corpus.schedules.by_score:create_by_score",
        "spacy_mtl.Bandit.v1 = spacy_mtl.corpus.schedules.bandit:create_bandit",
    ],
    "spacy_cli": ["mtl = spacy_mtl.cli:mtl_cli"],
}

setup(
    name="spacy-mtl",
    version=VERSION,
    description="Multi-task learning for spaCy: several heads on one transformer, trained jointly",
    long_description=(ROOT / "README.md").read_text(encoding="utf8"),
    long_description_content_type="text/markdown",
    license="MIT",
    packages=find_packages(include=["spacy_mtl", "spacy_mtl.*"]),
    package_data={"spacy_mtl": ["py.typed", "report/html/templates/*"]},
    python_requires=">=3.10,<3.14",
    install_requires=REQUIREMENTS,
    extras_require=EXTRAS,
    entry_points=ENTRY_POINTS,
    zip_safe=False,
    classifiers=[
        "Development Status :: 3 - Alpha",
        "Intended Audience :: Developers",
        "Intended Audience :: Science/Research",
        "Programming Language :: Python :: 3.10",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
    ],
)
